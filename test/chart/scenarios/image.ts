// The image that was built: the same bytes when it is made again from elsewhere, at another time, under another umask; and a licence
// for each thing in it.

import { expect } from "bun:test";
import * as fs from "node:fs";
import { gunzipSync } from "node:zlib";
import { assembleLayers } from "../../../image/assemble.ts";
import { layer } from "../../../image/oci.ts";
import { tar } from "../../../image/tar.ts";
import { isJsonObject, type JsonObject } from "../../../src/sys/json.ts";
import { tempRoot } from "../../../src/sys/testing.ts";
import { checkout } from "../../harness/node.ts";
import { objectsOf, textOf } from "../volumes.ts";

const arch = process.arch === "arm64" ? "arm64" : "amd64";
const layout = `${checkout}/dist/image`;

function blobOf(descriptor: JsonObject | undefined): Buffer {
  return fs.readFileSync(`${layout}/blobs/${textOf(descriptor?.digest).replace(":", "/")}`);
}

function jsonOf(bytes: Buffer): JsonObject {
  const value: unknown = JSON.parse(bytes.toString());
  if (!isJsonObject(value)) throw new Error("A blob is no JSON object");
  return value;
}

/** Of this machine's architecture. */
function builtManifest(): JsonObject {
  const [entry] = objectsOf(jsonOf(fs.readFileSync(`${layout}/index.json`)).manifests);
  const images = objectsOf(jsonOf(blobOf(entry)).manifests);
  const own = images.find(({ platform }) => isJsonObject(platform) && platform.architecture === arch);
  return jsonOf(blobOf(own));
}

export function imageIsReproducible(): void {
  using elsewhere = tempRoot();
  const cache = `${elsewhere.path}/a-cache-of-another-name`;
  const executable = `${elsewhere.path}/headcni`;
  const umask = process.umask(0o077);
  try {
    // Debian's packages as they came; what is unpacked and built from here on is new.
    fs.cpSync(`${checkout}/.cache/image/${arch}/apt/archives`, `${cache}/apt/archives`, { recursive: true });
    fs.copyFileSync(`${checkout}/.cache/image/${arch}/fetched`, `${cache}/fetched`);
    fs.copyFileSync(`${checkout}/dist/headcni-linux-${arch}`, executable);
    fs.utimesSync(executable, 1, 1);
    const { layers } = assembleLayers({ arch, executable, cache });
    const again = layers.map((entries) => layer(tar(entries), { isPlain: true }).diffId);
    const { config } = builtManifest();
    const { rootfs } = jsonOf(blobOf(isJsonObject(config) ? config : undefined));
    expect(again).toEqual((isJsonObject(rootfs) ? rootfs.diff_ids : []) as string[]);
  } finally {
    process.umask(umask);
  }
}

/** Names of the files in the built image, with their sizes. */
function filesOf(): ReadonlyMap<string, Buffer> {
  const files = new Map<string, Buffer>();
  for (const descriptor of objectsOf(builtManifest().layers)) {
    const archive = gunzipSync(blobOf(descriptor));
    for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
      const field = (from: number, length: number): string =>
        archive.toString("latin1", at + from, at + from + length).replace(/\0.*$/s, "");
      const size = Number.parseInt(field(124, 12), 8);
      files.set(field(0, 100), archive.subarray(at + 512, at + 512 + size));
      at += 512 + Math.ceil(size / 512) * 512;
    }
  }
  return files;
}

export function imageHasLicences(): void {
  const files = filesOf();
  const list = files.get("usr/share/doc/headcni/sbom.cdx.json");
  expect(list?.toString()).toBe(fs.readFileSync(`${checkout}/dist/headcni-image-${arch}.cdx.json`, "utf8"));
  const components = objectsOf(jsonOf(list ?? Buffer.from("{}")).components);
  const kinds = new Set(components.map(({ purl }) => textOf(purl).split(/[:/]/)[1]));
  expect([...kinds].sort()).toEqual(["deb", "golang", "npm"]);
  const dirOf = ({ name, version, purl }: JsonObject): string => {
    const [, kind] = textOf(purl).split(/[:/]/);
    if (kind === "deb") return `usr/share/doc/${name}/`;
    if (kind === "npm") return `usr/share/doc/npm/${name}@${version}/`;
    return name === "stdlib" ? "usr/share/doc/go/LICENSE" : `usr/share/doc/go/${name}/`;
  };
  const names = [...files].filter(([, { length }]) => length > 0).map(([name]) => name);
  const bare = components.map(dirOf).filter((dir) => !names.some((name) => name.startsWith(dir)));
  expect(bare).toEqual([]);
  // The text of each licence that a Debian package only names.
  const copyrights = [...files].filter(([name]) => name.endsWith("/copyright")).map(([, data]) => data.toString());
  const named = copyrights.flatMap((text) => [...text.matchAll(/\/(usr\/share\/common-licenses\/[\w.+-]*\w)/g)]);
  expect([...new Set(named.map(([, path = ""]) => path))].filter((path) => !files.has(path)).sort()).toEqual([]);
}
