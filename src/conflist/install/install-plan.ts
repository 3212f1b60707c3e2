// What the manifest must say before an installation changes anything: what goes aside under which name, and what is kept
// of the file that is replaced. Takes the copies; the folder itself is left as it is.

import { asideName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { addVersion, isCopied, isSameContent } from "../backups/kept-versions.ts";
import type { AsideRecord, AsideRole, FileRecord, FolderRecord } from "../backups/manifest.ts";
import type { Store } from "../backups/store.ts";
import type { Comparison } from "./install-diff.ts";

/** How many of our own hashes are remembered, to tell our file from one that somebody edited. */
const keptHashes = 20;
/** How many files that came to one name after its original stay aside. */
const keptLater = 5;

export interface BackupPlan {
  /** How the manifest read before, for taking the plan back. */
  readonly before: FolderRecord;
  readonly record: FolderRecord;
  /** The file at our name, when it is to lie aside: what was there before HeadCNI, or what cannot be copied. In `record`. */
  readonly replaced: AsideRecord | undefined;
  /** Others' files to move, their entries in `record`. */
  readonly moves: readonly AsideRecord[];
  /** What need not lie aside any longer once this is done; still in `record`. */
  readonly surplus: readonly AsideRecord[];
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
  let record = withLeftovers(before);
  const planAside = (file: FileRecord, role: AsideRole): AsideRecord => {
    const repeat = record.aside.find((entry) => isRepeatOf(file, role, entry));
    const aside = repeat?.aside ?? freeAsideName(system, { confDir, record, name: file.name });
    const entry: AsideRecord = { ...file, aside, role, state: "planned" };
    record = { ...record, aside: [...record.aside.filter((other) => other !== repeat), entry] };
    return entry;
  };

  let replaced: AsideRecord | undefined;
  if (comparison.reason !== "same") {
    const present = store.keep(conflistFileName);
    const isFirst = record.written.length === 0 && !hasOriginal(record, conflistFileName);
    if (present !== undefined && isFirst) replaced = planAside(present, "original");
    else if (present !== undefined && !isCopied(present)) replaced = planAside(present, "later");
    else if (present !== undefined) record = addVersion(record, present);
    const written = [...record.written.filter((hash) => hash !== input.sha256), input.sha256];
    record = { ...record, written: written.slice(-keptHashes) };
  }
  const moves = comparison.toMoveAside.flatMap((name) => {
    const file = store.keep(name);
    return file === undefined ? [] : [planAside(file, hasOriginal(record, name) ? "later" : "original")];
  });
  return { before, record, replaced, moves, surplus: surplusOf(record) };
}

/** A name no file has in the folder, or in the manifest. */
export function freeAsideName(
  { files }: System,
  { confDir, record, name }: { readonly confDir: string; readonly record: FolderRecord; readonly name: string },
): string {
  return asideName(
    name,
    (candidate) =>
      record.aside.some(({ aside }) => aside === candidate) || files.lstat(join(confDir, candidate)) !== undefined,
  );
}

/** An installation that begins has nothing to do with what the last one left: its originals are what it finds. */
function withLeftovers(record: FolderRecord): FolderRecord {
  const aside = record.aside.map((entry) =>
    entry.state === "left" ? { ...entry, role: "leftover" as const, state: "aside" as const } : entry,
  );
  return { ...record, aside };
}

function hasOriginal({ aside }: FolderRecord, name: string): boolean {
  return aside.some((entry) => entry.name === name && entry.role === "original");
}

/**
 * Whether a file that came back under a moved file's name brings nothing new: the same content already lies aside as a
 * later one, whose place it may take. An original is never replaced.
 */
function isRepeatOf(file: FileRecord, role: AsideRole, entry: AsideRecord): boolean {
  return role === "later" && entry.role === "later" && entry.name === file.name && isSameContent(file, entry);
}

/** A CNI which rewrites its file for ever must not fill the folder: of the later ones of a name, all but the last few. */
function surplusOf({ aside }: FolderRecord): readonly AsideRecord[] {
  const later = aside.filter(({ role }) => role === "later");
  const names = [...new Set(later.map(({ name }) => name))];
  return names.flatMap((name) => later.filter((entry) => entry.name === name).slice(0, -keptLater));
}
