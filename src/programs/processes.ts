// What Kubernetes' programs that run on this node were started with, as /proc says, where no service and no file tells that: the programs
// of the node itself, which share the network of its first process, so not those of nodes that are containers of this machine (kind, k3d).
// Only flags that are known are kept of a command line, which can hold tokens. k3s and RKE2 take theirs away once they run (k3s,
// pkg/cli/server, SetProcTitle); their kubelet and control plane do not.

import { errnoOf, HeadcniError } from "../sys/errors.ts";
import { sha256Hex } from "../sys/fs/sha256.ts";
import type { System } from "../sys/system.ts";
import { keepRead, nodeFiles } from "./kept-read.ts";
import { readFlags } from "./known-flags.ts";
import type { GivenSetting, SettingKind } from "./program-settings.ts";
import { isStartedByService, type Role, rancherFlags, roleOf } from "./services.ts";
import type { Word } from "./word.ts";

export type ProgramName = keyof typeof programs;

const text = "text" as const;
/** The programs, and the flags of each that are looked at. */
const programs = {
  k3s: rancherFlags.kinds,
  rke2: rancherFlags.kinds,
  kubelet: {
    config: text,
    "config-dir": text,
    "pod-cidr": text,
    "hostname-override": text,
    "node-ip": text,
    kubeconfig: text,
    "cert-dir": text,
    "container-runtime-endpoint": text,
    "cloud-provider": text,
  },
  "kube-controller-manager": {
    "cluster-cidr": text,
    "service-cluster-ip-range": text,
    "node-cidr-mask-size": text,
    "node-cidr-mask-size-ipv4": text,
    "node-cidr-mask-size-ipv6": text,
  },
  "kube-apiserver": { "service-cluster-ip-range": text },
} satisfies Record<string, Readonly<Record<string, SettingKind>>>;

/** The flags of a program, to be read from its unit as from its process. */
export const programFlags: Readonly<Record<ProgramName, Readonly<Record<string, SettingKind>>>> = programs;

export interface Process {
  /** `/proc/PID/cmdline` */
  readonly file: string;
  readonly given: readonly GivenSetting[];
  /** Of k3s and RKE2. */
  readonly role: Role | undefined;
}

/** The programs that run. Of several processes of one program that of the lowest id. */
export type Processes = ReadonlyMap<ProgramName, Process>;

const none: Processes = new Map();

/** A machine with more processes has no time to be asked. */
const maxProcesses = 4096;
const maxCommandBytes = 1 << 16;
/** PATH_MAX would be more; nobody keeps programs deeper. */
const longestPath = 256;
const longestName = Math.max(...Object.keys(programs).map((name) => name.length));
const slash = "/".charCodeAt(0);
/** How long what was found, or not, is taken for true while that process runs. */
const keptForMs = 60_000;

interface Found {
  readonly atMs: number;
  /** Hashes of the command lines the answer was made from, by path. */
  readonly hashes: ReadonlyMap<string, string>;
  readonly processes: Processes;
}

const last = new WeakMap<System["files"], Found>();

/** The programs that run on the node, none where services tell how they are started; the same object while they are the same. */
export function readProcesses(system: System): Processes {
  const isGivenBy = keepRead(system, { key: "told by services", read: isStartedByService });
  return isGivenBy ? none : lookAtProcesses(system);
}

function lookAtProcesses(system: System): Processes {
  const files = nodeFiles(system);
  const { clock } = system;
  const before = last.get(files);
  const now = clock.monotonicMs();
  if (before !== undefined && now - before.atMs < keptForMs && isRunning(system, before.hashes))
    return before.processes;
  const lines = findProcesses(system);
  const hashes = new Map([...lines].map(([path, line]) => [path, sha256Hex(line)]));
  const isSame = [...hashes].join() === [...(before?.hashes ?? [])].join();
  const processes = before !== undefined && isSame ? before.processes : parse(lines);
  last.set(files, { atMs: now, hashes, processes });
  return processes;
}

function isRunning(system: System, hashes: ReadonlyMap<string, string>): boolean {
  return [...hashes].every(([path, hash]) => sha256Hex(readCommand(system, path) ?? "") === hash);
}

function findProcesses(system: System): ReadonlyMap<string, string> {
  const lines = new Map<string, string>();
  let network: string | undefined;
  for (const id of processIds(system)) {
    const path = `/proc/${id}/cmdline`;
    if (!isWanted(system, path)) continue;
    const line = readCommand(system, path);
    if (line === undefined || programOf(line) === undefined) continue;
    network ??= networkOf(system, "1");
    if (networkOf(system, id) === network) lines.set(path, line);
  }
  return lines;
}

/**
 * Looks at the begin of a command line alone, and makes no text of it: a node has hundreds of processes, and one or two that are wanted.
 */
function isWanted({ files }: System, path: string): boolean {
  try {
    const head = files.readHead(path, longestPath);
    const end = head.indexOf(0);
    const first = end < 0 ? head : head.subarray(0, end);
    const name = first.subarray(first.lastIndexOf(slash) + 1);
    return name.length <= longestName && Object.hasOwn(programs, String.fromCharCode(...name));
  } catch {
    // It has ended, or must not be looked at.
    return false;
  }
}

function processIds({ files }: System): readonly string[] {
  try {
    const ids = (files.list("/proc") ?? []).filter((name) => /^[1-9]\d*$/.test(name));
    return ids.sort((a, b) => Number(a) - Number(b)).slice(0, maxProcesses);
  } catch {
    // Not to be looked at: then nothing is known of processes.
    return [];
  }
}

/** Undefined for a process that has ended, or must not be looked at. */
function readCommand({ files }: System, path: string): string | undefined {
  try {
    const bytes = files.readIfPresent(path, maxCommandBytes);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
  } catch {
    return undefined;
  }
}

function programOf(line: string): ProgramName | undefined {
  const [first = ""] = line.split("\0", 1);
  const name = first.slice(first.lastIndexOf("/") + 1);
  return Object.hasOwn(programs, name) ? (name as ProgramName) : undefined;
}

/** What tells one network of the machine from another; undefined where nothing does, as under a root that has no such links. */
function networkOf({ files }: System, id: string): string | undefined {
  try {
    return files.readLink(`/proc/${id}/ns/net`);
  } catch (error) {
    const errno = error instanceof HeadcniError ? errnoOf(error.cause) : undefined;
    return errno === "ENOENT" || errno === "ENOTDIR" ? undefined : `${id} may not be looked at`;
  }
}

function parse(lines: ReadonlyMap<string, string>): Processes {
  const found = new Map<ProgramName, Process>();
  for (const [file, line] of lines) {
    const name = programOf(line);
    if (name === undefined || found.has(name)) continue;
    const words = line
      .split("\0")
      .slice(1)
      .map((word): Word => ({ text: word, file, line: undefined }));
    const isRancher = name === "k3s" || name === "rke2";
    const role = isRancher ? roleOf(words) : undefined;
    // Any other command of theirs, as `k3s kubectl`, runs no node.
    if (isRancher && role === undefined) continue;
    const given = readFlags(words, isRancher ? rancherFlags : { kinds: programs[name] });
    found.set(name, { file, given, role });
  }
  return found;
}
