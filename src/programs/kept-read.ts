// Answers that are kept while the files they were read from stay as they are: several parts of the daemon ask the same of the node's
// programs in each step, and between two steps next to nothing changes.

import type { FileInfo, Files } from "../sys/fs/files.ts";
import { dirname } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";

/**
 * How long a file must have been left alone before it was read: one changed later could change once more without another time stamp.
 * Stamps have the kernel's tick of 10 ms at most, on file systems that keep whole seconds those.
 */
const stableAfterMs = { tick: 50, second: 1000 } as const;

interface Kept {
  readonly value: unknown;
  readonly inputs: readonly unknown[];
  /** What was looked at, by path, as it was then. */
  readonly seen: ReadonlyMap<string, string>;
  /** Whether a change of any of that would show. */
  readonly isStable: boolean;
}

/** What one look at the node's files has found. */
interface Look {
  /** The files of the node themselves. */
  readonly base: Files;
  /** The same, each path looked at once. */
  readonly files: Files;
  /** The answers that were made, or found to be still true. */
  readonly answers: Map<string, Kept>;
}

/** A recording of what an answer looks at. */
interface Recording {
  readonly seen: Map<string, string>;
  isStable: boolean;
}

const answers = new WeakMap<Files, Map<string, Kept>>();
const looks = new WeakMap<Files, Look>();
const recordings = new WeakMap<Files, Recording>();

/**
 * The system for questions that are asked one after the other, without a wait between them: their answers are of one time, so that
 * nothing is looked at twice. Of the answers to `keepRead` and of `stat` alone, until the caller lets go of it.
 */
export function oneLook(system: System): System {
  if (looks.has(system.files)) return system;
  const base = system.files;
  const files: Files = { ...base, stat: remembering(base.stat), lstat: remembering(base.lstat) };
  looks.set(files, { base, files, answers: new Map() });
  return { ...system, files };
}

/** The files themselves, whatever looks at them: what is kept of a node is kept of these. */
export function nodeFiles({ files }: System): Files {
  return looks.get(files)?.base ?? files;
}

function remembering<T>(look: (path: string) => T): (path: string) => T {
  const found = new Map<string, T>();
  return (path) => {
    const before = found.get(path);
    if (before !== undefined || found.has(path)) return before as T;
    const now = look(path);
    found.set(path, now);
    return now;
  };
}

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
  const look = looks.get(system.files);
  if (look === undefined) return keepRead(oneLook(system), { key, inputs, read });
  const known = answers.get(look.base) ?? new Map<string, Kept>();
  answers.set(look.base, known);
  const now = look.answers.get(key);
  const last = known.get(key);
  const kept =
    now !== undefined && isSame(now, inputs)
      ? now
      : last !== undefined && isSame(last, inputs) && isUnchanged(look.files, last.seen)
        ? last
        : readAnew(system, look, { inputs, read });
  look.answers.set(key, kept);
  if (kept.isStable) known.set(key, kept);
  else known.delete(key);
  const outer = recordings.get(system.files);
  if (outer !== undefined) {
    for (const [path, print] of kept.seen) outer.seen.set(path, print);
    outer.isStable &&= kept.isStable;
  }
  return kept.value as T;
}

function readAnew<T>(system: System, look: Look, { inputs, read }: Required<Omit<KeepReadOptions<T>, "key">>): Kept {
  const recording: Recording = { seen: new Map(), isStable: true };
  const files = recordedFiles(look.files, recording, system.clock.now());
  looks.set(files, look);
  recordings.set(files, recording);
  const value = read({ ...system, files });
  return { value, inputs, ...recording };
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

/** The files of a look, each path that is asked for recorded. */
function recordedFiles(base: Files, recording: Recording, nowMs: number): Files {
  const { seen } = recording;
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
      if (info !== undefined && !isStable(info, nowMs)) recording.isStable = false;
    } catch {
      recording.isStable = false;
    }
  };
  /** Notes before it looks: a change in between then shows as one. */
  const noted =
    <Rest extends readonly unknown[], T>(look: (path: string, ...rest: Rest) => T) =>
    (path: string, ...rest: Rest): T => {
      note(path);
      return look(path, ...rest);
    };
  /** The same where nothing there is an answer: most of what a node is asked for is not there, and one look is enough. */
  const notedIfThere =
    <Rest extends readonly unknown[], T>(look: (path: string, ...rest: Rest) => T | undefined) =>
    (path: string, ...rest: Rest): T | undefined => {
      note(path);
      return absent.has(path) ? undefined : look(path, ...rest);
    };
  return {
    ...base,
    read: noted(base.read),
    readIfPresent: notedIfThere(base.readIfPresent),
    readHead: noted(base.readHead),
    stat: notedIfThere(base.stat),
    lstat: notedIfThere(base.lstat),
    readLink: noted(base.readLink),
    list: notedIfThere(base.list),
  };
}

function isStable({ mtimeNs, mtimeMs }: FileInfo, nowMs: number): boolean {
  const isWholeSecond = mtimeNs % 1_000_000_000n === 0n;
  return nowMs - mtimeMs >= (isWholeSecond ? stableAfterMs.second : stableAfterMs.tick);
}
