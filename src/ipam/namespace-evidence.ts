// Whether the network namespace a lease was given for is still there. libcni, which every runtime calls plugins through, keeps each
// ADD's result on the disk, and the result names the namespace. It is how containers are spared that no CRI lists: those of
// podman, nerdctl and `ctr run --cni`.

import { isJsonObject, type JsonValue } from "../conflist/json.ts";
import type { Files } from "../sys/files.ts";
import { join } from "../sys/path.ts";
import type { LeaseOwner } from "./lease.ts";

/** libcni's `CacheDir`, with its folder of results. */
export const cniResultsDir = "/var/lib/cni/results";
const maxBytes = 4 << 20;

/** Whether a namespace of this owner's still has a name in the file system. False as well when nobody wrote down where it was. */
export function hasNamespace(files: Files, network: string, { containerId, ifname }: LeaseOwner): boolean {
  const prefix = `${network}-${containerId}-`;
  const names = ifname === undefined ? namesWith(files, prefix) : [`${prefix}${ifname}`];
  return names.some((name) => sandboxesOf(files, join(cniResultsDir, name)).some((path) => exists(files, path)));
}

function namesWith(files: Files, prefix: string): readonly string[] {
  return (files.list(cniResultsDir) ?? []).filter((name) => name.startsWith(prefix));
}

/** The paths of namespaces in a cached result: of its interfaces, and libcni's own note since 1.2. */
function sandboxesOf(files: Files, path: string): readonly string[] {
  const cached = readJson(files, path);
  if (!isJsonObject(cached)) return [];
  const result = isJsonObject(cached.result) ? cached.result : {};
  const interfaces: readonly JsonValue[] = Array.isArray(result.interfaces) ? result.interfaces : [];
  const sandboxes = interfaces.map((item) => (isJsonObject(item) ? item.sandbox : undefined));
  return [...sandboxes, cached.netns].filter((item) => typeof item === "string").filter((item) => item.startsWith("/"));
}

function readJson(files: Files, path: string): unknown {
  const bytes = files.readIfPresent(path, maxBytes);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    // A torn note is no note.
    return undefined;
  }
}

function exists(files: Files, path: string): boolean {
  return files.stat(path) !== undefined;
}
