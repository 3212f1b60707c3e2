// Which earlier versions of a file are kept: content that was replaced, or that somebody asked to keep. Bounded, because another
// agent that rewrites a file for ever must not fill the disk. Pure.

import { conflistFileName } from "../../node-state/names.ts";
import type { AsideRecord, FileRecord, FolderRecord, VersionRecord } from "./manifest.ts";

/** How many versions of a name are kept of those HeadCNI wrote, and as many of those somebody else did. */
const keptVersions = 5;

/** Adds a version to the earlier ones, newest last; the same content is kept once. Of a file without a copy nothing is kept. */
export function addVersion(record: FolderRecord, file: FileRecord): FolderRecord {
  if (!isCopied(file)) return record;
  const isOurs = file.name === conflistFileName && file.sha256 !== undefined && record.written.includes(file.sha256);
  const version: VersionRecord = { ...file, writtenBy: isOurs ? "headcni" : "other" };
  const isOfSameKind = ({ name, writtenBy }: VersionRecord): boolean =>
    name === version.name && writtenBy === version.writtenBy;
  const isRepeat = (entry: VersionRecord): boolean => entry.name === file.name && isSameContent(entry, file);
  const all = [...record.versions.filter((entry) => !isRepeat(entry)), version];
  const tooOld = new Set(all.filter(isOfSameKind).slice(0, -keptVersions));
  return { ...record, versions: all.filter((entry) => !tooOld.has(entry)) };
}

/** The record with what lay aside turned into a version: its copy, and its place in the list, are kept. */
export function keepAsVersion(record: FolderRecord, entry: AsideRecord): FolderRecord {
  const { aside: _aside, role: _role, state: _state, ...file } = entry;
  return addVersion(withoutAside(record, entry), file);
}

export function withoutAside(record: FolderRecord, { aside }: AsideRecord): FolderRecord {
  return { ...record, aside: record.aside.filter((other) => other.aside !== aside) };
}

/** Whether the record alone could bring the file back: by its copy, or, a link, by its target. */
export function isCopied({ copy, target }: FileRecord): boolean {
  return copy !== undefined || target !== undefined;
}

/** Whether two files of a name are the same to a runtime: content and permission bits, or, links, where they point. */
export function isSameContent(a: FileRecord, b: FileRecord): boolean {
  if (a.kind === "symlink" || b.kind === "symlink") return a.kind === b.kind && a.target === b.target;
  return a.sha256 !== undefined && a.sha256 === b.sha256 && a.mode === b.mode;
}
