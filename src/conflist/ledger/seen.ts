// What a look into the configuration directory finds: the part of the disk that decides what happens next, as data.

import { originalName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { temporaryTarget } from "../../sys/fs/atomic-file.ts";
import type { FileKind } from "../../sys/fs/files.ts";
import { octal } from "../../sys/fs/octal.ts";
import { join } from "../../sys/fs/path.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import type { System } from "../../sys/system.ts";
import { type DirRecord, type FileRecord, isSameContent } from "./manifest.ts";
import { maxCopyBytes, type Store } from "./store.ts";

/** One name of the directory. */
export interface SeenFile {
  readonly kind: FileKind;
  readonly inode: number;
  /** Undefined for a directory, which is never moved. */
  readonly record: FileRecord | undefined;
  /** Of a regular file that is not too large to be a configuration. */
  readonly content: Uint8Array | undefined;
}

export interface Seen {
  /** Every name in the directory. */
  readonly names: readonly string[];
  /** Our file, what the record names, what lies aside, and what was asked for: those of them that exist. */
  readonly files: ReadonlyMap<string, SeenFile>;
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
  const files = [...new Set([conflistFileName, ...recorded, ...strays, ...others])].flatMap((name) => {
    const file = lookAt(system, store.confDir, name);
    return file === undefined ? [] : [[name, file] as const];
  });
  const isCopied = (entry: FileRecord): boolean =>
    entry.kind === "symlink" ? entry.target !== undefined : store.copyOf(entry) !== undefined;
  return { names, files: new Map(files), isCopied, backupsDir: store.dir };
}

/** One name of `dir`, a link not followed; undefined when nothing is there. @throws HeadcniError HC_FILE_READ */
export function lookAt({ files, clock }: System, dir: string, name: string): SeenFile | undefined {
  const path = join(dir, name);
  const info = files.lstat(path);
  if (info === undefined) return undefined;
  const { kind, inode, uid, gid } = info;
  if (kind === "directory") return { kind, inode, record: undefined, content: undefined };
  const isSmall = kind === "file" && info.sizeBytes <= maxCopyBytes;
  const content = isSmall ? files.readIfPresent(path, maxCopyBytes) : undefined;
  // Removed since the line above.
  if (isSmall && content === undefined) return undefined;
  const sha256 = content === undefined ? undefined : sha256Hex(content);
  const target = kind === "symlink" ? files.readLink(path) : undefined;
  const at = new Date(clock.now()).toISOString();
  const [mode, mtimeNs] = [octal(info.mode), String(info.mtimeNs)];
  return { kind, inode, record: { name, kind, mode, uid, gid, mtimeNs, sha256, target, copy: undefined, at }, content };
}

/** Whether `file` is the recorded one, untouched since: the same in content and modification time. */
export function isAsRecorded(file: SeenFile | undefined, entry: FileRecord): boolean {
  if (file?.record === undefined || file.kind !== entry.kind || file.record.mtimeNs !== entry.mtimeNs) return false;
  // Too large to be hashed, or no regular file: kind and time are all that is known.
  const isHashed = entry.sha256 !== undefined || entry.kind === "symlink";
  return !isHashed || isSameContent(file.record, entry);
}

/** Whether a name is a temporary file of HeadCNI's: of our conflist, or of a file being put back. */
export function isOurTemporary(name: string): boolean {
  const target = temporaryTarget(name);
  return target !== undefined && (target === conflistFileName || originalName(target) !== undefined);
}

/** Whether the file at our name is one that HeadCNI wrote. */
export function isOursWritten({ written }: DirRecord, { files }: Seen): boolean {
  return written.includes(files.get(conflistFileName)?.record?.sha256 ?? "");
}
