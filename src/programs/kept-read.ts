// Answers that are kept while the files they were read from stay as they are: several parts of the daemon ask the same of the node's
// programs in each step, and between two steps next to nothing changes.

import type { FileInfo, Files } from "../sys/fs/files.ts";
import { dirname } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";

/** A file changed so shortly before it was read could change once more without another time stamp: times have the kernel's tick. */
const settledAfterMs = 1000;

interface Kept {
  readonly value: unknown;
  readonly inputs: readonly unknown[];
  /** What was looked at, by path, as it was then. */
  readonly seen: ReadonlyMap<string, string>;
}

/** A recording of what an answer looks at. */
interface Recording {
  readonly base: Files;
  readonly seen: Map<string, string>;
  isSettled: boolean;
}

const answers = new WeakMap<Files, Map<string, Kept>>();
const recordings = new WeakMap<Files, Recording>();

export interface KeepReadOptions<T> {
  /** What is asked, the same for each asker. */
  readonly key: string;
  /** What the answer depends on beside files, compared by identity. @default nothing */
  readonly inputs?: readonly unknown[];
  /** Reads through the system it is given, and nothing else. */
  readonly read: (system: System) => T;
}

/** The answer of `read`, or the one before while every file and directory that one looked at is the same. */
export function keepRead<T>(system: System, { key, inputs = [], read }: KeepReadOptions<T>): T {
  const outer = recordings.get(system.files);
  const base = outer?.base ?? system.files;
  const known = answers.get(base) ?? new Map<string, Kept>();
  answers.set(base, known);
  const last = known.get(key);
  if (last !== undefined && isSame(last, inputs) && isUnchanged(base, last.seen)) {
    for (const [path, print] of last.seen) outer?.seen.set(path, print);
    return last.value as T;
  }
  const recording: Recording = { base, seen: new Map(), isSettled: true };
  const value = read({ ...system, files: recordedFiles(recording, system.clock.now()) });
  if (recording.isSettled) known.set(key, { value, inputs, seen: recording.seen });
  else known.delete(key);
  if (outer !== undefined) {
    for (const [path, print] of recording.seen) outer.seen.set(path, print);
    outer.isSettled &&= recording.isSettled;
  }
  return value;
}

function isSame({ inputs }: Kept, others: readonly unknown[]): boolean {
  return inputs.length === others.length && inputs.every((input, at) => input === others[at]);
}

function isUnchanged(files: Files, seen: ReadonlyMap<string, string>): boolean {
  try {
    for (const [path, print] of seen) if (fingerprint(files.stat(path)) !== print) return false;
    return true;
  } catch {
    // What cannot be looked at any longer is read anew, and its reader says what it makes of that.
    return false;
  }
}

/** A link counts as what it leads to: another link in its place is another time stamp of its directory, which is looked at too. */
function fingerprint(info: FileInfo | undefined): string {
  return info === undefined ? "-" : `${info.kind} ${info.inode} ${info.mtimeNs} ${info.sizeBytes}`;
}

/** The files of the node, each look recorded. */
function recordedFiles(recording: Recording, nowMs: number): Files {
  const { base, seen } = recording;
  /** What is not there would show in the directory where it could come, which stands for many names. */
  const absent = new Set<string>();
  const note = (path: string): void => {
    if (seen.has(path) || absent.has(path)) return;
    try {
      const info = base.stat(path);
      if (info === undefined && path !== "/" && base.lstat(path) === undefined) {
        absent.add(path);
        note(dirname(path));
        return;
      }
      seen.set(path, fingerprint(info));
      if (info !== undefined && nowMs - info.mtimeMs < settledAfterMs) recording.isSettled = false;
    } catch {
      recording.isSettled = false;
    }
  };
  /** Notes before it looks: a change in between then shows as one. */
  const noted =
    <Rest extends readonly unknown[], T>(look: (path: string, ...rest: Rest) => T) =>
    (path: string, ...rest: Rest): T => {
      note(path);
      return look(path, ...rest);
    };
  const files: Files = {
    ...base,
    read: noted(base.read),
    readIfPresent: noted(base.readIfPresent),
    readHead: noted(base.readHead),
    stat: (path) => {
      note(path);
      // Most of what a node is asked for is not there: one look is enough.
      return absent.has(path) ? undefined : base.stat(path);
    },
    lstat: noted(base.lstat),
    readLink: noted(base.readLink),
    list: noted(base.list),
  };
  recordings.set(files, recording);
  return files;
}
