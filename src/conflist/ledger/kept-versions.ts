// Which earlier versions of a file are kept: content that was replaced, or that an operator asked to keep. Bounded, because another
// agent that rewrites a file for ever must not fill the disk. Pure.

import { shortName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import type { DirRecord, FileRecord, VersionRecord } from "./manifest.ts";

/** How many versions of a name are kept of those HeadCNI wrote, and as many of those that others did. */
const keptVersions = 5;

/** Adds a version to the earlier ones, newest last; the same content is kept once. Of a file without a copy nothing is kept. */
export function addVersion(record: DirRecord, file: FileRecord): DirRecord {
  if (!isCopied(file)) return record;
  const { name, kind, mode, uid, gid, mtimeNs, sha256, target, copy, at } = file;
  const isOurs = name === conflistFileName && sha256 !== undefined && record.written.includes(sha256);
  const writtenBy = isOurs ? "headcni" : "other";
  const version: VersionRecord = { name, kind, mode, uid, gid, mtimeNs, sha256, target, copy, at, writtenBy };
  const isOfSameKind = (other: VersionRecord): boolean => other.name === name && other.writtenBy === writtenBy;
  const isRepeat = (other: VersionRecord): boolean => other.name === name && isSameContent(other, file);
  const all = [...record.versions.filter((entry) => !isRepeat(entry)), version];
  const tooOld = new Set(all.filter(isOfSameKind).slice(0, -keptVersions));
  return { ...record, versions: all.filter((entry) => !tooOld.has(entry)) };
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

/** The record of a file of which a copy is kept: `10-calico.conflist.1f2e3d4c5b6a`, the name for people, the hash for us. */
export function withCopy(file: FileRecord): FileRecord {
  const { name, sha256 } = file;
  return sha256 === undefined ? file : { ...file, copy: `${shortName(name)}.${sha256.slice(0, 12)}` };
}
