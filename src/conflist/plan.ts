// What the manifest must say before an installation changes anything: what goes aside under which name, and what is kept
// of the file that is replaced. Takes the copies; the folder itself is left as it is.

import { HeadcniError } from "../sys/errors.ts";
import { join } from "../sys/path.ts";
import type { System } from "../sys/system.ts";
import { asideName } from "./aside-name.ts";
import type { Comparison } from "./compare.ts";
import type { AsideRecord, FileRecord, FolderRecord, VersionRecord } from "./manifest.ts";
import { conflistFileName } from "./names.ts";
import type { Store } from "./store.ts";

/** How many earlier versions of our own file are kept. */
const keptVersions = 5;
/** How many of our own hashes are remembered, to tell our file from one that somebody edited. */
const keptHashes = 20;

export interface BackupPlan {
  /** How the manifest read before, for taking the plan back. */
  readonly before: FolderRecord;
  readonly record: FolderRecord;
  /** The file at our name that was there before HeadCNI; its entry in `record`. */
  readonly original: AsideRecord | undefined;
  /** Others' files to move, their entries in `record`. */
  readonly moves: readonly AsideRecord[];
}

export interface PlanInput {
  readonly confDir: string;
  readonly before: FolderRecord;
  readonly comparison: Comparison;
  /** SHA-256 of what will be written. */
  readonly sha256: string;
}

/**
 * Copies what will be replaced or moved aside, and says how the manifest must read before that happens.
 * @throws HeadcniError HC_FILE_READ, HC_FILE_WRITE
 */
export function planBackup(system: System, store: Store, input: PlanInput): BackupPlan {
  const { before, comparison, confDir } = input;
  let record = before;
  const planAside = (file: FileRecord): AsideRecord => {
    const repeat = record.aside.find((entry) => isRepeatOf(file, entry, record.aside));
    const isTaken = (candidate: string): boolean =>
      record.aside.some(({ aside }) => aside === candidate) ||
      system.files.lstat(join(confDir, candidate)) !== undefined;
    const entry: AsideRecord = { ...file, aside: repeat?.aside ?? asideName(file.name, isTaken), state: "planned" };
    record = { ...record, aside: [...record.aside.filter((other) => other !== repeat), entry] };
    return entry;
  };

  let original: AsideRecord | undefined;
  if (comparison.reason !== "same") {
    const present = store.keep(conflistFileName);
    if (present !== undefined && before.written.length === 0) original = planAside(present);
    else if (present !== undefined) record = addVersion(record, present);
    const written = [...record.written.filter((hash) => hash !== input.sha256), input.sha256];
    record = { ...record, written: written.slice(-keptHashes) };
  }
  const moves = comparison.toMoveAside.flatMap((name) => {
    const file = store.keep(name);
    return file === undefined ? [] : [planAside(file)];
  });
  return { before, record, original, moves };
}

/**
 * Whether a file that came back under a moved file's name brings nothing new: the same content already lies aside as a
 * later one. It may take that one's place, so that a CNI which rewrites its file for ever does not fill the folder. The
 * first of a name is the original and is never replaced.
 */
function isRepeatOf(file: FileRecord, entry: AsideRecord, all: readonly AsideRecord[]): boolean {
  const isFirst = all.find(({ name }) => name === file.name) === entry;
  return !isFirst && entry.name === file.name && isSameContent(file, entry);
}

/**
 * Adds a version to the earlier ones, newest last; the same content is kept once. Others' are kept for ever.
 * @throws HeadcniError HC_CONFLIST_BACKUP for what cannot be copied (a device, a file too large): it must not be replaced.
 */
export function addVersion(record: FolderRecord, file: FileRecord): FolderRecord {
  if (!isCopied(file)) {
    throw new HeadcniError(
      "HC_CONFLIST_BACKUP",
      `Cannot back up ${file.name}: it is no file of a configuration's size`,
      {
        hint: "move it away by hand",
      },
    );
  }
  const isOurs = file.name === conflistFileName && file.sha256 !== undefined && record.written.includes(file.sha256);
  const version: VersionRecord = { ...file, writtenBy: isOurs ? "headcni" : "other" };
  const isRepeat = (entry: VersionRecord): boolean => entry.name === file.name && isSameContent(entry, file);
  const all = [...record.versions.filter((entry) => !isRepeat(entry)), version];
  const ours = all.filter(({ writtenBy }) => writtenBy === "headcni");
  const tooOld = new Set(ours.slice(0, Math.max(0, ours.length - keptVersions)));
  return { ...record, versions: all.filter((entry) => !tooOld.has(entry)) };
}

/** Whether the record alone could bring the file back: by its copy, or, a link, by its target. */
export function isCopied({ copy, target }: FileRecord): boolean {
  return copy !== undefined || target !== undefined;
}

function isSameContent(a: FileRecord, b: FileRecord): boolean {
  if (a.kind === "symlink" || b.kind === "symlink") return a.kind === b.kind && a.target === b.target;
  return a.sha256 !== undefined && a.sha256 === b.sha256 && a.mode === b.mode;
}
