// Small files that are locked while a process works on what they describe. The lock is on the file's own inode, so it comes into
// being with the file: there is no moment at which the file stands there unlocked, and no second file to clean up. On a host where
// no lock can be taken (`whyNoLocks`) the files are used without: keeping two calls apart is worth less than pods.

import * as fs from "node:fs";
import { errnoOf } from "../errors.ts";
import { temporaryName } from "./atomic-file.ts";
import { isNamed, tryLockDescriptor, whyNoLocks } from "./flock.ts";
import { basename, dirname, join } from "./path.ts";

/** A locked file and its content when the lock was taken; disposing releases it. */
export interface LockedFile extends Disposable {
  /** Hand it to a child to make the lock last until the child, too, has ended. */
  readonly fd: number;
  readonly bytes: Uint8Array;
}

/** `held`: by another process, or under a name that has passed to another file. `absent`: there is no regular file. */
export type LockAttempt =
  | { readonly kind: "locked"; readonly file: LockedFile }
  | { readonly kind: "held" }
  | { readonly kind: "absent" };

/**
 * Puts `content` at `hostPath` (mode 0600) by rename, already locked. What stood there before is replaced.
 * It is not synced: after a power loss the file may be missing or torn, never after a crash of this process alone.
 * @throws the system error of the call that failed; the temporary file is gone then.
 */
export function createLockedFile(hostPath: string, content: string): LockedFile {
  const temporary = join(dirname(hostPath), temporaryName(basename(hostPath)));
  const bytes = new TextEncoder().encode(content);
  const fd = fs.openSync(temporary, "wx", 0o600);
  try {
    // No other process can have opened a file of this name, so the lock is free.
    tryLockIfPossible(fd);
    for (let offset = 0; offset < bytes.length; ) offset += fs.writeSync(fd, bytes, offset);
    fs.renameSync(temporary, hostPath);
  } catch (error) {
    fs.closeSync(fd);
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  return { fd, bytes, [Symbol.dispose]: () => fs.closeSync(fd) };
}

/**
 * Locks the regular file at `hostPath`.
 * @param maxBytes how much of the file is read
 * @throws the system error when it cannot be opened or read.
 */
export function tryLockExisting(hostPath: string, maxBytes: number): LockAttempt {
  let fd: number;
  try {
    fd = fs.openSync(hostPath, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK | fs.constants.O_NOFOLLOW);
  } catch (error) {
    const errno = errnoOf(error);
    // ELOOP is what O_NOFOLLOW says of a symbolic link.
    if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "ELOOP") return { kind: "absent" };
    throw error;
  }
  let isKept = false;
  try {
    if (!fs.fstatSync(fd).isFile()) return { kind: "absent" };
    if (!tryLockIfPossible(fd)) return { kind: "held" };
    // Between open and lock the name may have gone, or passed to another file: then this lock says nothing.
    if (!isNamed(hostPath, fd)) return { kind: "held" };
    const bytes = readUpTo(fd, maxBytes);
    isKept = true;
    return { kind: "locked", file: { fd, bytes, [Symbol.dispose]: () => fs.closeSync(fd) } };
  } finally {
    if (!isKept) fs.closeSync(fd);
  }
}

/** Where no lock can be taken, none is held. */
function tryLockIfPossible(fd: number): boolean {
  return whyNoLocks() !== undefined || tryLockDescriptor(fd);
}

function readUpTo(fd: number, maxBytes: number): Uint8Array {
  const buffer = new Uint8Array(Math.min(fs.fstatSync(fd).size, maxBytes));
  let length = 0;
  while (length < buffer.length) {
    const count = fs.readSync(fd, buffer, length, buffer.length - length, length);
    if (count === 0) break;
    length += count;
  }
  return buffer.subarray(0, length);
}
