// HeadCNI's own executable as a file: where it lies, and putting a copy of it somewhere a runtime starts it from.

import * as fs from "node:fs";
import { syncDir, temporaryName } from "./atomic-file.ts";
import { basename, dirname, join } from "./path.ts";

const chunkBytes = 1 << 20;

/** The host path of the compiled executable that runs, or undefined when run from source by the Bun command. */
export function ownExecutable(): string | undefined {
  // Modules of a compiled program live in Bun's embedded file system.
  return import.meta.path.startsWith("/$bunfs/") ? process.execPath : undefined;
}

/** Whether two files (host paths) hold the same bytes. False when either is missing. Reads in chunks of 1 MiB. */
export function hasSameContent(first: string, second: string): boolean {
  const sizes = [first, second].map((path) => fs.statSync(path, { throwIfNoEntry: false })?.size);
  if (sizes[0] === undefined || sizes[0] !== sizes[1]) return false;
  const fds = [fs.openSync(first, "r")];
  try {
    fds.push(fs.openSync(second, "r"));
    const [a = -1, b = -1] = fds;
    const left = new Uint8Array(chunkBytes);
    const right = new Uint8Array(chunkBytes);
    for (let offset = 0; offset < sizes[0]; offset += chunkBytes) {
      const count = fs.readSync(a, left, 0, chunkBytes, offset);
      if (fs.readSync(b, right, 0, chunkBytes, offset) !== count) return false;
      if (Buffer.compare(left.subarray(0, count), right.subarray(0, count)) !== 0) return false;
    }
    return true;
  } finally {
    for (const fd of fds) fs.closeSync(fd);
  }
}

/** SHA-256 of a file's bytes (host path), lower-case hex. Reads in chunks of 1 MiB. @throws the system's own error */
export function fileSha256Hex(path: string): string {
  const hasher = new Bun.CryptoHasher("sha256");
  const chunk = new Uint8Array(chunkBytes);
  const fd = fs.openSync(path, "r");
  try {
    for (let count = -1; count !== 0; ) {
      count = fs.readSync(fd, chunk, 0, chunkBytes, null);
      hasher.update(chunk.subarray(0, count));
    }
  } finally {
    fs.closeSync(fd);
  }
  return hasher.digest("hex");
}

/**
 * Puts a copy of `source` at `target` (host paths), mode 0755, by a temporary file beside it and a rename: programs
 * that run from the old file keep it, and half a file is never started. A link at `target` is replaced, not followed.
 */
export function copyExecutable(source: string, target: string): void {
  const temporary = join(dirname(target), temporaryName(basename(target)));
  try {
    fs.copyFileSync(source, temporary, fs.constants.COPYFILE_EXCL | fs.constants.COPYFILE_FICLONE);
    const fd = fs.openSync(temporary, "r");
    try {
      fs.fchmodSync(fd, 0o755);
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    fs.renameSync(temporary, target);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
  syncDir(dirname(target));
}
