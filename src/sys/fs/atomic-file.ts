// Replaces a file so that a reader, and a crash at any moment, sees the old bytes or the new ones.
// The temporary file lies in the target's own directory: a rename from elsewhere is not noticed by
// containerd's watcher, and would not be atomic across file systems.

import * as fs from "node:fs";
import { errnoOf } from "../errors.ts";
import { type FileOrigin, setFileOrigin } from "./file-metadata.ts";
import { kernelPath } from "./file-name.ts";
import { basename, dirname, join } from "./path.ts";

/** Where a write stands, in this order; `onStep` is called after each has happened. */
export const atomicWriteSteps = ["temporary-written", "temporary-synced", "renamed", "folder-synced"] as const;
export type AtomicWriteStep = (typeof atomicWriteSteps)[number];

export interface AtomicWriteOptions {
  /** Permission bits of the new file, applied whatever the umask. @default 0o600 */
  readonly mode?: number | undefined;
  /** @default the user of this process, and the directory's group where its set-group-ID bit is set */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  /** What the file was that is put back: owner, permission bits and time, which it has before it has its name. */
  readonly origin?: FileOrigin | undefined;
  readonly onStep?: ((step: AtomicWriteStep) => void) | undefined;
}

/**
 * The name of a temporary file for `name`. It starts with a dot and ends in `.tmp`, so no container
 * runtime takes it for a CNI configuration, and `temporaryTarget` recognises what a crash left behind.
 */
export function temporaryName(name: string): string {
  const random = crypto.getRandomValues(new Uint8Array(6)).toHex();
  return `.${name}.${random}.tmp`;
}

/** The file that a temporary name belongs to, when an interrupted write left it behind; undefined for any other name. */
export function temporaryTarget(name: string): string | undefined {
  return /^\.(.+)\.[0-9a-f]{12}\.tmp$/s.exec(name)?.[1];
}

/**
 * Writes `path` (a host path) as temporary file, fsync, rename, fsync of the directory. A symbolic link at
 * `path` is replaced, never followed. On failure the temporary file is removed and the error rethrown as it was.
 */
export function writeFileAtomic(path: string, bytes: Uint8Array, options: AtomicWriteOptions = {}): void {
  const dir = dirname(path);
  const temporary = join(dir, temporaryName(basename(path)));
  const mode = options.mode ?? 0o600;
  const step = options.onStep ?? (() => undefined);
  const fd = fs.openSync(kernelPath(temporary), "wx", mode);
  let isOpen = true;
  try {
    for (let offset = 0; offset < bytes.length; ) offset += fs.writeSync(fd, bytes, offset);
    if (options.owner !== undefined) setOwner(fd, options.owner);
    fs.fchmodSync(fd, mode);
    if (options.origin !== undefined) setFileOrigin(temporary, options.origin);
    step("temporary-written");
    fs.fsyncSync(fd);
    fs.closeSync(fd);
    isOpen = false;
    step("temporary-synced");
    fs.renameSync(kernelPath(temporary), kernelPath(path));
  } catch (error) {
    if (isOpen) fs.closeSync(fd);
    tryRemove(temporary);
    throw error;
  }
  step("renamed");
  syncDir(dir);
  step("folder-synced");
}

/** Makes the symbolic link `path` (a host path) in the same way, as it was. What has the name is replaced. */
export function symlinkAtomic(target: string, path: string, origin: FileOrigin): void {
  const dir = dirname(path);
  const temporary = join(dir, temporaryName(basename(path)));
  try {
    fs.symlinkSync(kernelPath(target), kernelPath(temporary));
    setFileOrigin(temporary, origin);
    fs.renameSync(kernelPath(temporary), kernelPath(path));
  } catch (error) {
    tryRemove(temporary);
    throw error;
  }
  syncDir(dir);
}

/** What kept a file from being made says more than what keeps its temporary file from going. */
function tryRemove(temporary: string): void {
  try {
    removeName(temporary);
  } catch {
    // As above.
  }
}

/** Asks the file system only where it does not agree: not each of them has owners that can be changed. */
function setOwner(fd: number, { uid, gid }: { readonly uid: number; readonly gid: number }): void {
  const info = fs.fstatSync(fd);
  if (info.uid !== uid || info.gid !== gid) fs.fchownSync(fd, uid, gid);
}

/** Removes one name (a host path); nothing there is fine. Not by `rmSync`, which hides the kernel's reason behind EFAULT. */
export function removeName(path: string): void {
  try {
    fs.unlinkSync(kernelPath(path));
  } catch (error) {
    if (errnoOf(error) !== "ENOENT") throw error;
  }
}

/** Makes the names in a directory durable. File systems that cannot sync a directory (EINVAL) are left as they are. */
export function syncDir(dir: string): void {
  const fd = fs.openSync(kernelPath(dir), fs.constants.O_RDONLY | fs.constants.O_DIRECTORY);
  try {
    fs.fsyncSync(fd);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EINVAL") throw error;
  } finally {
    fs.closeSync(fd);
  }
}
