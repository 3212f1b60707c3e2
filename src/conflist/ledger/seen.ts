// What a look into the configuration directory finds: the part of the disk that decides what happens next, as data.

import { originalName, shortName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { octal } from "../../sys/fs/octal.ts";
import { basename, join } from "../../sys/fs/path.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import type { System } from "../../sys/system.ts";
import { type DirRecord, type FileRecord, isSameContent } from "./manifest.ts";
import { maxCopyBytes, type Store } from "./store.ts";

/** One name of the directory. */
export interface SeenFile {
  readonly inode: number;
  /** Undefined for a directory, which is never moved. */
  readonly record?: FileRecord | undefined;
  /** Of a regular file that is not too large to be a configuration. */
  readonly content?: Uint8Array | undefined;
}

export interface Seen {
  /** Every name in the directory. */
  readonly names: readonly string[];
  /** Our file, what the record names, what lies aside, and what was asked for: those of them that exist. */
  readonly files: ReadonlyMap<string, SeenFile>;
  /** The contents of these files, by the names of their copies. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
  /** Whether the backups alone could bring a file back; reads its copy. */
  readonly isCopied: (entry: FileRecord) => boolean;
  /** Where the copies lie. */
  readonly backupsDir: string;
}

/**
 * Looks once; an absent directory is an empty one.
 * @param others further names to look at
 * @throws HeadcniError HC_FILE_READ
 */
export function look(system: System, store: Store, record: DirRecord, others: readonly string[] = []): Seen {
  const names = system.files.list(store.confDir) ?? [];
  const strays = names.filter((name) => originalName(name) !== undefined);
  const recorded = record.aside.flatMap(({ name, aside }) => [name, aside]);
  const [files, contents] = [new Map<string, SeenFile>(), new Map<string, Uint8Array>()];
  for (const name of new Set([conflistFileName, ...recorded, ...strays, ...others])) {
    const file = lookAt(system, join(store.confDir, name));
    if (file === undefined) continue;
    files.set(name, file);
    if (file.record?.copy !== undefined && file.content !== undefined) contents.set(file.record.copy, file.content);
  }
  const isCopied = (entry: FileRecord): boolean =>
    entry.kind === "symlink" ? entry.target !== undefined : store.copyOf(entry) !== undefined;
  return { names, files, contents, isCopied, backupsDir: store.dir };
}

/** A file as it is now, a link not followed; undefined where there is none. The copy is named `10-calico.conflist.1f2e3d4c5b6a`: the name for people, the hash for us. */
export function lookAt({ files, clock }: System, path: string): SeenFile | undefined {
  const info = files.lstat(path);
  if (info === undefined) return undefined;
  const { kind, inode, uid, gid } = info;
  if (kind === "directory") return { inode };
  const isSmall = kind === "file" && info.sizeBytes <= maxCopyBytes;
  const content = isSmall ? files.readIfPresent(path, maxCopyBytes) : undefined;
  // Removed since the line above.
  if (isSmall && content === undefined) return undefined;
  const name = basename(path);
  const sha256 = content && sha256Hex(content);
  const copy = sha256 && `${shortName(name)}.${sha256.slice(0, 12)}`;
  const target = kind === "symlink" ? files.readLink(path) : undefined;
  const at = new Date(clock.now()).toISOString();
  const [mode, mtimeNs] = [octal(info.mode), String(info.mtimeNs)];
  return { inode, record: { name, kind, mode, uid, gid, mtimeNs, sha256, target, copy, at }, content };
}

/** Whether `file` is the recorded one, untouched since: the same in content and modification time. */
export function isAsRecorded(file: SeenFile | undefined, entry: FileRecord): boolean {
  if (file?.record?.kind !== entry.kind || file.record.mtimeNs !== entry.mtimeNs) return false;
  // Too large to be hashed, or no regular file: kind and time are all that is known.
  const isHashed = entry.sha256 !== undefined || entry.kind === "symlink";
  return !isHashed || isSameContent(file.record, entry);
}

/** Whether the file at our name is one that HeadCNI wrote. */
export function isOursWritten({ written }: DirRecord, { files }: Seen): boolean {
  return written.includes(files.get(conflistFileName)?.record?.sha256 ?? "");
}
