// Owner, mode and modification time of a file that is being put back, to the nanosecond. JavaScript's utimes takes seconds as a
// double, which at today's dates is exact to about 240 ns only.

import { dlopen, FFIType, ptr } from "bun:ffi";
import * as fs from "node:fs";
import { describeError, HeadcniError } from "../errors.ts";

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** In place of nanoseconds: leave this time as it is. */
const UTIME_OMIT = 0x3ffffffen;
const nsPerSecond = 1_000_000_000n;

export interface FileOrigin {
  readonly uid: number;
  readonly gid: number;
  /** Permission bits; undefined leaves them, as a symbolic link has none. */
  readonly mode: number | undefined;
  /** Nanoseconds since the epoch. */
  readonly mtimeNs: bigint;
}

/**
 * Gives `hostPath` (the name itself, a link not followed) an owner, permission bits and a modification time.
 * @throws HeadcniError HC_FILE_WRITE
 */
export function setFileOrigin(hostPath: string, origin: FileOrigin): void {
  try {
    fs.lchownSync(hostPath, origin.uid, origin.gid);
    // After the owner: chown(2) clears the set-user-ID bit.
    if (origin.mode !== undefined) fs.chmodSync(hostPath, origin.mode);
  } catch (error) {
    throw new HeadcniError("HC_FILE_WRITE", `Cannot set owner and mode of ${hostPath}: ${describeError(error)}`, {
      cause: error,
    });
  }
  if (!setMtime(hostPath, origin.mtimeNs)) {
    throw new HeadcniError("HC_FILE_WRITE", `Cannot set the modification time of ${hostPath}`);
  }
}

function setMtime(hostPath: string, mtimeNs: bigint): boolean {
  const libc = dlopen("libc.so.6", {
    utimensat: { args: [FFIType.i32, FFIType.ptr, FFIType.ptr, FFIType.i32], returns: FFIType.i32 },
  });
  // A time before 1970 has a negative second and still counts nanoseconds forwards.
  const nanoseconds = ((mtimeNs % nsPerSecond) + nsPerSecond) % nsPerSecond;
  const times = new BigInt64Array([0n, UTIME_OMIT, (mtimeNs - nanoseconds) / nsPerSecond, nanoseconds]);
  const path = new TextEncoder().encode(`${hostPath}\0`);
  const result = libc.symbols.utimensat(AT_FDCWD, ptr(path), ptr(times), AT_SYMLINK_NOFOLLOW);
  libc.close();
  return result === 0;
}
