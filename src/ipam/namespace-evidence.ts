// Whether the network namespace a lease was given for may still be there. libcni, which every runtime calls plugins through, keeps
// each ADD's result on the disk, and the result names the namespace. It is how containers are spared that no CRI lists: those of
// podman, nerdctl and `ctr run --cni`, and those of a runtime whose socket is not where sockets are looked for.

import type { Files } from "../sys/fs/files.ts";
import { dirname, join } from "../sys/fs/path.ts";
import { isJsonObject, type JsonValue, tryParseJsonObject } from "../sys/json.ts";
import { readBootTimeMs } from "./boot-time.ts";
import type { LeaseOwner } from "./lease.ts";

/** libcni's `CacheDir`, with its directory of results. */
const cniResultsDir = "/var/lib/cni/results";
const maxBytes = 4 << 20;

/** The inode of the machine's first pid namespace: PROC_PID_INIT_INO in include/linux/proc_ns.h. */
const initialPidNamespace = 0xeffffffc;

export interface NamespaceEvidence {
  /** When this machine started, by its clock; milliseconds since the epoch, 0 where that cannot be known. */
  readonly bootedAtMs: number;
  /**
   * Whether a namespace of this owner's is there, as far as can be seen from here; what cannot be seen may be there. False when no
   * note says where it was, or only one from before this machine started, and nothing is there any more.
   */
  mayHave(owner: LeaseOwner): boolean;
  /**
   * Whether this owner's namespace is known to be gone: notes from after this machine's start say where it was. So it is with a pod
   * that another network's configuration has taken down, which knows nothing of the lease.
   */
  isLost(owner: LeaseOwner): boolean;
}

/** What is known of the namespaces of a network's owners, at each question. */
export function namespaceEvidence(files: Files, network: string): NamespaceEvidence {
  // Once for all owners: on a machine with many processors /proc/stat takes milliseconds.
  const bootedAtMs = readBootTimeMs(files);
  const noted = (owner: LeaseOwner): readonly NotedSandbox[] => notedSandboxes(files, { network, owner, bootedAtMs });
  const isThere = ({ sandbox, isOld }: NotedSandbox): boolean =>
    isOld ? hasOutlivedNote(files, sandbox) : mayExist(files, sandbox);
  return {
    bootedAtMs,
    mayHave: (owner) => noted(owner).some(isThere),
    isLost: (owner) => {
      const sandboxes = noted(owner);
      return sandboxes.some(({ isOld }) => !isOld) && !sandboxes.some(isThere);
    },
  };
}

/** Whether libcni has a note of any attachment to the network. */
export function hasAttachmentNotes(files: Files, network: string): boolean {
  return namesWith(files, `${network}-`).length > 0;
}

interface NotedSandbox {
  readonly sandbox: string;
  /** Whether its note is from before this machine started, by a clock that may have been set since. */
  readonly isOld: boolean;
}

interface NotesOf {
  readonly network: string;
  readonly owner: LeaseOwner;
  readonly bootedAtMs: number;
}

function notedSandboxes(files: Files, { network, owner, bootedAtMs }: NotesOf): readonly NotedSandbox[] {
  const { containerId, ifname } = owner;
  const prefix = `${network}-${containerId}-`;
  const names = ifname === undefined ? namesWith(files, prefix) : [`${prefix}${ifname}`];
  return names
    .map((name) => join(cniResultsDir, name))
    .flatMap((path) => {
      const isOld = (files.stat(path)?.mtimeMs ?? 0) < bootedAtMs;
      return sandboxesOf(files, path).map((sandbox) => ({ sandbox, isOld }));
    });
}

/**
 * Whether what an old note names is there all the same. Namespaces lie in /run, which is empty at each start: then the clock was set
 * forward, as on a machine that keeps no time while it is off, and the note is of this start. A process id is another process's by then.
 */
function hasOutlivedNote(files: Files, sandbox: string): boolean {
  return !sandbox.startsWith("/proc/") && files.stat(sandbox) !== undefined;
}

/** A daemon in a container may see neither the node's processes nor all of its /run. */
function mayExist(files: Files, sandbox: string): boolean {
  if (files.stat(sandbox) !== undefined) return true;
  if (sandbox.startsWith("/proc/")) return files.stat("/proc/self/ns/pid")?.inode !== initialPidNamespace;
  return files.stat(dirname(sandbox)) === undefined;
}

function namesWith(files: Files, prefix: string): readonly string[] {
  return (files.list(cniResultsDir) ?? []).filter((name) => name.startsWith(prefix));
}

/** The paths of namespaces in a cached result: of its interfaces, and libcni's own note since 1.2. */
function sandboxesOf(files: Files, path: string): readonly string[] {
  const bytes = files.readIfPresent(path, maxBytes);
  // A torn note is no note.
  const cached = bytes === undefined ? undefined : tryParseJsonObject(new TextDecoder().decode(bytes));
  if (cached === undefined) return [];
  const result = isJsonObject(cached.result) ? cached.result : {};
  const interfaces: readonly JsonValue[] = Array.isArray(result.interfaces) ? result.interfaces : [];
  const sandboxes = interfaces.map((item) => (isJsonObject(item) ? item.sandbox : undefined));
  return [...sandboxes, cached.netns].filter((item) => typeof item === "string").filter((item) => item.startsWith("/"));
}
