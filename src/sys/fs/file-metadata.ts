// Owner, mode and modification time of a file that is being put back.

import * as fs from "node:fs";
import { describeError, HeadcniError } from "../errors.ts";
import { setMtime } from "../process/libc.ts";
import { encodeFileName, kernelPath } from "./file-name.ts";

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
  const path = kernelPath(hostPath);
  try {
    fs.lchownSync(path, origin.uid, origin.gid);
    // After the owner: chown(2) clears the set-user-ID bit.
    if (origin.mode !== undefined) fs.chmodSync(path, origin.mode);
  } catch (error) {
    throw new HeadcniError("HC_FILE_WRITE", `Cannot set owner and mode of ${hostPath}: ${describeError(error)}`, {
      cause: error,
    });
  }
  if (!setMtime(encodeFileName(hostPath), origin.mtimeNs)) {
    throw new HeadcniError("HC_FILE_WRITE", `Cannot set the modification time of ${hostPath}`);
  }
}
