// Volumes of a pod as a kubelet makes them: directories of the node, and ConfigMaps and Secrets as files behind a link that is replaced
// when they change.

import * as fs from "node:fs";
import { isJsonObject, type JsonObject, type JsonValue } from "../../src/sys/json.ts";
import type { Node } from "../harness/node.ts";

/** Where it keeps volumes; no part of what an installation changes. */
const kubeletDir = "/var/lib/headcni-test/kubelet";

/** `data` by the object's name. */
export type Entries = Readonly<Record<string, JsonObject>>;

export interface VolumesOptions {
  readonly uid: string;
  /** A pod's spec. */
  readonly spec: JsonObject;
  readonly configMaps: Entries;
  /** In clear. */
  readonly secrets: Entries;
}

/** Path on the node of each volume. @throws Error for a volume or an object that there is not */
export async function makeVolumes(node: Node, options: VolumesOptions): Promise<ReadonlyMap<string, string>> {
  const { uid, spec, configMaps, secrets } = options;
  const volumes = new Map<string, string>();
  for (const volume of objectsOf(spec.volumes)) {
    const name = textOf(volume.name);
    const { hostPath, configMap, secret, emptyDir } = volume;
    const path = isJsonObject(hostPath) ? textOf(hostPath.path) : `${kubeletDir}/${uid}/${name}`;
    if (isJsonObject(hostPath)) await makeHostPath(node, path, textOf(hostPath.type));
    else if (isJsonObject(emptyDir)) await node.must(["mkdir", "-p", path]);
    else if (isJsonObject(configMap)) {
      writeEntries(node, path, { data: dataOf(configMaps, textOf(configMap.name)), volume: configMap });
    } else if (isJsonObject(secret)) {
      writeEntries(node, path, { data: dataOf(secrets, textOf(secret.secretName)), volume: secret });
    } else throw new Error(`A volume this kubelet does not know: ${JSON.stringify(volume)}`);
    volumes.set(name, path);
  }
  return volumes;
}

async function makeHostPath(node: Node, path: string, type: string): Promise<void> {
  if (type === "DirectoryOrCreate") await node.must(["mkdir", "-p", path]);
  if (type === "FileOrCreate" && !node.exists(path)) node.write(path, "");
  if (type === "CharDevice") await node.must(["test", "-c", path]);
}

function dataOf(objects: Entries, name: string): JsonObject {
  const data = objects[name];
  if (data === undefined) throw new Error(`There is no object ${name} for a volume`);
  return data;
}

/** @param volume the `configMap` or `secret` of a pod's volume */
function writeEntries(node: Node, dir: string, { data, volume }: { data: JsonObject; volume: JsonObject }): void {
  const items = objectsOf(volume.items).map(({ key, path }) => [textOf(path), textOf(key)] as const);
  const files = items.length > 0 ? items : Object.keys(data).map((key) => [key, key] as const);
  const mode = typeof volume.defaultMode === "number" ? volume.defaultMode : 0o644;
  for (const [path, key] of files) {
    if (data[key] === undefined) throw new Error(`An object for a volume has no ${key}`);
    node.write(`${dir}/..1/${path}`, textOf(data[key]));
    fs.chmodSync(node.path(`${dir}/..1/${path}`), mode);
    fs.symlinkSync(`..data/${path}`, node.path(`${dir}/${path}`));
  }
  fs.symlinkSync("..1", node.path(`${dir}/..data`));
}

export function objectsOf(value: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : [];
}

export function textOf(value: JsonValue | undefined): string {
  return typeof value === "string" ? value : "";
}
