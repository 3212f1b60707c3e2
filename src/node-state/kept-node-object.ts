// The copy of this node's Node object that stays on disk, so that the next start needs no API server: a Node as Kubernetes writes it,
// with nothing but the name and the PodCIDRs, and where and when it was fetched. The daemon writes it, the PodCIDR chain reads it as
// it reads any Node object.

import { type PodCIDRs, toPodCIDRs } from "../cidr/pod-cidrs.ts";
import { tryParsePrefix } from "../cidr/prefix.ts";
import type { Files } from "../sys/fs/files.ts";
import { dirname } from "../sys/fs/path.ts";
import { isJsonObject, printJson, tryParseJsonObject } from "../sys/json.ts";
import { stateDir } from "./names.ts";

export const keptNodeObjectFile = `${stateDir}/node-object.json`;

/** Annotations of the copy, which no Node in a cluster has. */
export const keptNodeAnnotations = { server: "headcni/fetched-from", time: "headcni/fetched-at" } as const;

export interface KeptNodeObject {
  readonly nodeName: string;
  readonly podCIDRs: PodCIDRs;
  /** `https://host:port` of the API server. */
  readonly server: string;
  readonly fetchedAtMs: number;
}

const maxBytes = 1 << 16;

/** Undefined where there is none, or one that does not say all of it. @throws HeadcniError as `Files.read` */
export function readKeptNodeObject(files: Files): KeptNodeObject | undefined {
  const bytes = files.readIfPresent(keptNodeObjectFile, maxBytes);
  const json = bytes === undefined ? undefined : tryParseJsonObject(new TextDecoder().decode(bytes));
  const { metadata, spec } = json ?? {};
  if (!isJsonObject(metadata) || !isJsonObject(spec) || !isJsonObject(metadata.annotations)) return undefined;
  const { name } = metadata;
  const podCIDRs = readPodCIDRs(spec.podCIDRs);
  const { [keptNodeAnnotations.server]: server, [keptNodeAnnotations.time]: time } = metadata.annotations;
  const fetchedAtMs = typeof time === "string" ? Date.parse(time) : Number.NaN;
  if (typeof name !== "string" || typeof server !== "string" || Number.isNaN(fetchedAtMs)) return undefined;
  return podCIDRs === undefined ? undefined : { nodeName: name, podCIDRs, server, fetchedAtMs };
}

/** Replaces the copy. @throws HeadcniError HC_FILE_WRITE */
export function writeKeptNodeObject(files: Files, { nodeName, podCIDRs, server, fetchedAtMs }: KeptNodeObject): void {
  const annotations = {
    [keptNodeAnnotations.server]: server,
    [keptNodeAnnotations.time]: new Date(fetchedAtMs).toISOString(),
  };
  const list = podCIDRs.toJSON();
  files.makeDir(dirname(keptNodeObjectFile));
  files.writeAtomic(
    keptNodeObjectFile,
    printJson({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: nodeName, annotations },
      spec: { podCIDR: list[0], podCIDRs: list },
    }),
  );
}

/** @throws HeadcniError HC_FILE_WRITE */
export function removeKeptNodeObject(files: Files): void {
  files.remove(keptNodeObjectFile);
}

/** `spec.podCIDRs` of a Node; undefined for anything that is no node's PodCIDRs. */
export function readPodCIDRs(value: unknown): PodCIDRs | undefined {
  if (!Array.isArray(value)) return undefined;
  const prefixes = value.flatMap((text) => (typeof text === "string" ? (tryParsePrefix(text) ?? []) : []));
  if (prefixes.length !== value.length || prefixes.length === 0) return undefined;
  const made = toPodCIDRs(prefixes);
  return made.kind === "ok" ? made.value : undefined;
}
