// Advisory whole-file locks (flock(2)): the daemon's single-instance lock, and the lock host-local takes
// on its lease directory. The kernel drops the lock when the process dies, however it dies.

import * as fs from "node:fs";
import type { Clock } from "../clock.ts";
import { describeError, errnoOf, HeadcniError } from "../errors.ts";
import { loadLibc } from "../process/libc.ts";

const LOCK_EX = 2;
const LOCK_NB = 4;
/** More than anything but a file system that numbers a file anew at each look can need. */
const maxAttempts = 100;

/** Why no lock can be taken on this host; undefined where they can. */
export function whyNoLocks(): string | undefined {
  const loaded = loadLibc();
  return loaded.kind === "refused" ? loaded.why : undefined;
}

/**
 * Takes the exclusive lock on an open file, or returns false when another process holds it. Processes that inherit `fd` hold the
 * lock too: it is free when the last of them has closed it or ended.
 * @throws HeadcniError HC_LOCKS_UNAVAILABLE where no lock can be taken at all.
 */
export function tryLockDescriptor(fd: number): boolean {
  const loaded = loadLibc();
  if (loaded.kind === "loaded") return loaded.libc.flock(fd, LOCK_EX | LOCK_NB) === 0;
  throw new HeadcniError("HC_LOCKS_UNAVAILABLE", `Cannot lock files: ${loaded.why}`, {
    hint: "allow memory that is writable and executable (systemd: MemoryDenyWriteExecute=no)",
  });
}

/** A held lock; disposing releases it. The file itself stays. */
export interface FileLock extends Disposable {
  readonly fd: number;
  /**
   * Whether `hostPath` still names the locked file: another process locks what the name says.
   * @throws HeadcniError HC_FILE_READ when that cannot be found out
   */
  isAt(hostPath: string): boolean;
  /**
   * Replaces the locked file's content in place: a new file by rename would not be the locked one.
   * @throws HeadcniError HC_FILE_WRITE
   */
  write(text: string): void;
}

/**
 * Takes the exclusive lock on `hostPath` (created 0600 when missing), or returns undefined when another
 * process holds it. Works on a directory too.
 * @throws HeadcniError HC_FILE_WRITE when the file cannot be opened, HC_LOCKS_UNAVAILABLE.
 */
export function tryLockFile(hostPath: string): FileLock | undefined {
  for (let attempt = 1; ; attempt++) {
    const lock = lockOpened(hostPath);
    // Between open and lock the name may have gone, or passed to another file: then this lock says nothing.
    if (lock === undefined || attempt === maxAttempts || lock.isAt(hostPath)) return lock;
    lock[Symbol.dispose]();
  }
}

function lockOpened(hostPath: string): FileLock | undefined {
  let fd: number;
  try {
    const isFolder = fs.statSync(hostPath, { throwIfNoEntry: false })?.isDirectory() === true;
    fd = isFolder ? fs.openSync(hostPath, "r") : openForLock(hostPath);
  } catch (error) {
    throw new HeadcniError("HC_FILE_WRITE", `Cannot open the lock ${hostPath}: ${describeError(error)}`, {
      cause: error,
    });
  }
  let isLocked = false;
  try {
    isLocked = tryLockDescriptor(fd);
  } finally {
    if (!isLocked) fs.closeSync(fd);
  }
  if (!isLocked) return undefined;
  return {
    fd,
    isAt: (path) => {
      try {
        return isNamed(path, fd);
      } catch (error) {
        throw new HeadcniError("HC_FILE_READ", `Cannot look for the lock ${path}: ${describeError(error)}`, {
          cause: error,
        });
      }
    },
    write: (text) => {
      try {
        fs.ftruncateSync(fd);
        fs.writeSync(fd, text, 0);
      } catch (error) {
        throw new HeadcniError("HC_FILE_WRITE", `Cannot write the lock ${hostPath}: ${describeError(error)}`, {
          cause: error,
        });
      }
    },
    [Symbol.dispose]: () => fs.closeSync(fd),
  };
}

/** A file that may only be read, on a file system that is read-only for example, can be locked all the same. */
function openForLock(hostPath: string): number {
  try {
    return fs.openSync(hostPath, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
  } catch (error) {
    try {
      return fs.openSync(hostPath, "r");
    } catch {
      throw error;
    }
  }
}

/** Whether a path, links followed, names the open file. @throws the system error when that cannot be found out */
export function isNamed(hostPath: string, fd: number): boolean {
  const named = statIfPresent(hostPath);
  const open = fs.fstatSync(fd);
  return named !== undefined && named.ino === open.ino && named.dev === open.dev;
}

function statIfPresent(hostPath: string): fs.Stats | undefined {
  try {
    return fs.statSync(hostPath);
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "ENOENT" || errno === "ENOTDIR" || errno === "ELOOP") return undefined;
    throw error;
  }
}

export interface WaitForLockOptions {
  readonly clock: Clock;
  /** How long to wait for a lock that is held. */
  readonly timeoutMs: number;
  /** Between two attempts: flock(2) cannot wait with a deadline, and a wait in the kernel would stop everything else. */
  readonly pollMs: number;
}

/** What `attempt` gives, once it gives something: it gives undefined while the lock is held. Undefined when time is up. */
export async function waitForLock<Locked>(
  attempt: () => Locked | undefined,
  { clock, timeoutMs, pollMs }: WaitForLockOptions,
): Promise<Locked | undefined> {
  const end = clock.monotonicMs() + timeoutMs;
  for (;;) {
    const locked = attempt();
    if (locked !== undefined || clock.monotonicMs() >= end) return locked;
    await clock.sleep(pollMs);
  }
}
