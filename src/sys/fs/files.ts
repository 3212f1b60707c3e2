// The only door to the file system. Paths are those of the node (`/etc/cni/net.d`); `root` decides where
// on this machine they lie, so that a node can be a directory. Every operation is synchronous: the files are
// small and local, and the order of steps is the point.

import * as fs from "node:fs";
import { describeError, errnoOf, HeadcniError } from "../errors.ts";
import { type AtomicWriteOptions, removeName, symlinkAtomic, syncDir, writeFileAtomic } from "./atomic-file.ts";
import type { FileOrigin } from "./file-metadata.ts";
import { compareNames, decodeFileName, kernelPath } from "./file-name.ts";
import { dirname, join } from "./path.ts";
import { readBounded, readStart } from "./regular-file.ts";

export type FileKind = "file" | "directory" | "symlink" | "other";

export interface FileInfo {
  readonly kind: FileKind;
  readonly sizeBytes: number;
  /** Permission bits only (0o7777). */
  readonly mode: number;
  readonly mtimeMs: number;
  /** The same, nanoseconds since the epoch, exact. */
  readonly mtimeNs: bigint;
  readonly inode: number;
  /** The number of its file system. */
  readonly device: number;
  readonly uid: number;
  readonly gid: number;
  /** How many names it has: none of a directory that was removed and to which only a mount still leads. */
  readonly links: number;
}

/** A user and a group, by number. */
export type FileOwner = Pick<FileInfo, "uid" | "gid">;

export interface Files {
  /** The directory every path is taken under: "/" on a real node. */
  readonly root: string;
  /** The owner of the files this process makes. */
  readonly owner: FileOwner;
  /**
   * Where a node's path lies on this machine. Symbolic links in it are followed inside the root, as
   * chroot(2) would: an absolute link on the node never leads out of the directory that plays the node.
   * @throws HeadcniError HC_FILE_READ for a loop of links, or a directory on the way that may not be looked into
   */
  hostPath(path: string): string;
  /**
   * A whole regular file. Never blocks on a FIFO or device.
   * @param maxBytes refuse anything longer. @default 16 MiB
   * @throws HeadcniError HC_FILE_READ, HC_FILE_NOT_REGULAR, HC_FILE_TOO_LARGE; `cause` keeps the errno.
   */
  read(path: string, maxBytes?: number): Uint8Array;
  /** As `read`, but undefined when the file, or a directory on its path, does not exist. */
  readIfPresent(path: string, maxBytes?: number): Uint8Array | undefined;
  /** Up to `bytes` from the start of a regular file of any size. @throws HeadcniError as `read` */
  readHead(path: string, bytes: number): Uint8Array;
  /** Facts on a path, following links inside the root; undefined when nothing is there. */
  stat(path: string): FileInfo | undefined;
  /** Facts on the name itself, a link not followed. */
  lstat(path: string): FileInfo | undefined;
  readLink(path: string): string;
  /**
   * Names in a directory, in Go's order; undefined when the directory does not exist. One that is not UTF-8 is text too
   * (`file-name.ts`), and every operation takes it.
   */
  list(path: string): readonly string[] | undefined;
  /** @throws HeadcniError HC_FILE_WRITE, naming the path and the kernel's reason; so do all that follow. */
  writeAtomic(path: string, content: string | Uint8Array, options?: AtomicWriteOptions): void;
  makeDir(path: string, mode?: number): void;
  /** rename(2), then fsync of both directories. Names are not followed when they are links. */
  rename(from: string, to: string): void;
  /** @param origin the owner and time that it has before it has its name, which it takes from what has it. @default a new link's */
  symlink(target: string, path: string, origin?: FileOrigin): void;
  /**
   * link(2): a second name for the same file, or for the same symbolic link, then fsync of the directory. Fails when
   * `path` exists; `details.errno` says why.
   */
  link(existing: string, path: string): void;
  /** Removes one name; nothing there is fine. */
  remove(path: string): void;
  /** Removes an empty directory; nothing there, or not empty, or mounted over, is fine and returns false. */
  removeEmptyDir(path: string): boolean;
}

const defaultMaxBytes = 16 << 20;
const maxLinks = 40;

/**
 * The file system under `root`, a directory that exists; relative to the working directory when it does not start with "/".
 * @throws HeadcniError HC_USAGE when `root` is no directory: a misspelt or empty one must not become another node's.
 */
export function createFiles(root = "/"): Files {
  const base = baseOf(root);

  /** Resolves links of `path` inside the root; the last element is kept as it is when `keepLast`. */
  const resolve = (path: string, keepLast: boolean): string => {
    if (!path.startsWith("/")) throw new TypeError(`Files take absolute paths: "${path}"`);
    if (base === "/") return path;
    let pending = path.split("/").filter((part) => part !== "" && part !== ".");
    let done: string[] = [];
    let links = 0;
    /** Below what is not there nothing is: most of what a node is asked for. */
    let isAbsent = false;
    for (let part = pending.shift(); part !== undefined; part = pending.shift()) {
      if (part === "..") {
        done.pop();
        isAbsent = false;
        continue;
      }
      const here = join(base, ...done, part);
      const isLast = pending.length === 0;
      const kind: LinkKind = isAbsent || (isLast && keepLast) ? "no link" : linkKind(here);
      isAbsent ||= kind === "absent";
      if (kind !== "link") {
        done.push(part);
        continue;
      }
      const target = readLink(here);
      links += 1;
      if (links > maxLinks) throw Object.assign(new Error("too many symbolic links"), { code: "ELOOP" });
      if (target.startsWith("/")) done = [];
      pending = [...target.split("/").filter((piece) => piece !== "" && piece !== "."), ...pending];
    }
    return join(base, ...done);
  };

  const reading = <T>(path: string, action: () => T): T => {
    try {
      return action();
    } catch (error) {
      // A TypeError is the caller's fault, not the file system's.
      if (error instanceof HeadcniError || error instanceof TypeError) throw error;
      throw new HeadcniError("HC_FILE_READ", `Cannot read ${path}: ${describeError(error)}`, {
        cause: error,
        details: { path, errno: errnoOf(error) },
      });
    }
  };
  const writing = <T>(path: string, action: () => T): T => {
    try {
      return action();
    } catch (error) {
      if (error instanceof HeadcniError || error instanceof TypeError) throw error;
      throw new HeadcniError("HC_FILE_WRITE", `Cannot write ${path}: ${describeError(error)}`, {
        cause: error,
        details: { path, errno: errnoOf(error) },
      });
    }
  };
  /** Undefined instead of an exception when the path leads nowhere. */
  const present = <T>(path: string, action: () => T): T | undefined =>
    reading(path, () => {
      try {
        return action();
      } catch (error) {
        const errno = errnoOf(error);
        if (errno === "ENOENT" || errno === "ENOTDIR") return undefined;
        throw error;
      }
    });

  return {
    root: base,
    owner: { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 },
    hostPath: (path) => reading(path, () => resolve(path, false)),
    read: (path, maxBytes = defaultMaxBytes) => reading(path, () => readBounded(resolve(path, false), path, maxBytes)),
    readIfPresent: (path, maxBytes = defaultMaxBytes) =>
      present(path, () => readBounded(resolve(path, false), path, maxBytes)),
    readHead: (path, bytes) => reading(path, () => readStart(resolve(path, false), path, bytes)),
    stat: (path) => present(path, () => infoOf(fs.statSync, resolve(path, false))),
    lstat: (path) => present(path, () => infoOf(fs.lstatSync, resolve(path, true))),
    readLink: (path) => reading(path, () => readLink(resolve(path, true))),
    list: (path) => present(path, () => listNames(resolve(path, false))),
    writeAtomic: (path, content, options) =>
      writing(path, () => {
        const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
        writeFileAtomic(resolve(path, true), bytes, options);
      }),
    makeDir: (path, mode = 0o755) =>
      writing(path, () => {
        fs.mkdirSync(kernelPath(resolve(path, false)), { recursive: true, mode });
      }),
    rename: (from, to) =>
      writing(to, () => {
        fs.renameSync(kernelPath(resolve(from, true)), kernelPath(resolve(to, true)));
        syncDir(resolve(dirname(to), false));
        if (dirname(from) !== dirname(to)) syncDir(resolve(dirname(from), false));
      }),
    symlink: (target, path, origin) =>
      writing(path, () => {
        if (origin !== undefined) symlinkAtomic(target, resolve(path, true), origin);
        else fs.symlinkSync(kernelPath(target), kernelPath(resolve(path, true)));
      }),
    link: (existing, path) =>
      writing(path, () => {
        fs.linkSync(kernelPath(resolve(existing, true)), kernelPath(resolve(path, true)));
        syncDir(resolve(dirname(path), false));
      }),
    remove: (path) => writing(path, () => removeName(resolve(path, true))),
    removeEmptyDir: (path) =>
      writing(path, () => {
        try {
          fs.rmdirSync(kernelPath(resolve(path, true)));
          return true;
        } catch (error) {
          const errno = errnoOf(error);
          if (["ENOENT", "ENOTEMPTY", "EEXIST", "EBUSY"].includes(errno ?? "")) return false;
          throw error;
        }
      }),
  };
}

function baseOf(root: string): string {
  const isFolder = root !== "" && fs.statSync(root, { throwIfNoEntry: false })?.isDirectory() === true;
  if (!isFolder) {
    throw new HeadcniError("HC_USAGE", `Cannot use "${root}" as the root of a node: it is not a folder`, {
      hint: "name an existing folder with --root, or leave the flag out for this machine",
    });
  }
  const absolute = root.startsWith("/") ? root : join(process.cwd(), root);
  // Links in it are left to the kernel: /proc/PID/root is one whose text does not say where it leads.
  return absolute.replace(/\/+$/, "") || "/";
}

/** Text in which Bun has put this for a byte is read again as bytes. */
const replacement = "\ufffd";

function listNames(hostPath: string): readonly string[] {
  const path = kernelPath(hostPath);
  const names = fs.readdirSync(path);
  const isText = !names.some((name) => name.includes(replacement));
  const all = isText ? names : fs.readdirSync(path, { encoding: "buffer" }).map(decodeFileName);
  return all.sort(compareNames);
}

function readLink(hostPath: string): string {
  const path = kernelPath(hostPath);
  const target = fs.readlinkSync(path);
  return target.includes(replacement) ? decodeFileName(fs.readlinkSync(path, { encoding: "buffer" })) : target;
}

type LinkKind = "link" | "no link" | "absent";

/** Without an exception where nothing is, which would cost five times the look. */
function linkKind(path: string): LinkKind {
  try {
    const stats = fs.lstatSync(kernelPath(path), { throwIfNoEntry: false });
    return stats === undefined ? "absent" : stats.isSymbolicLink() ? "link" : "no link";
  } catch (error) {
    if (errnoOf(error) === "ENOTDIR") return "absent";
    throw error;
  }
}

/** Undefined where nothing is: most files a node is asked for are not there, and an exception for each would cost five times the call. */
function infoOf(stat: typeof fs.statSync, path: string): FileInfo | undefined {
  const stats = stat(kernelPath(path), { bigint: true, throwIfNoEntry: false });
  return stats === undefined ? undefined : toInfo(stats);
}

function toInfo(stats: fs.BigIntStats): FileInfo {
  const kind = stats.isFile()
    ? "file"
    : stats.isDirectory()
      ? "directory"
      : stats.isSymbolicLink()
        ? "symlink"
        : "other";
  return {
    kind,
    sizeBytes: Number(stats.size),
    mode: Number(stats.mode) & 0o7777,
    mtimeMs: Number(stats.mtimeNs) / 1e6,
    mtimeNs: stats.mtimeNs,
    inode: Number(stats.ino),
    device: Number(stats.dev),
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    links: Number(stats.nlink),
  };
}
