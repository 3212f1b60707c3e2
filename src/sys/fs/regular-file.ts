// Reads regular files: never blocks on what is none, never reads without bound.

import * as fs from "node:fs";
import { HeadcniError } from "../errors.ts";
import { kernelPath } from "./file-name.ts";

/** Opens a regular file without ever blocking, hands it to `use` with its size, and closes it. */
function withRegularFile<T>(hostPath: string, path: string, use: (fd: number, sizeBytes: number) => T): T {
  // O_NONBLOCK: opening a FIFO without a writer would otherwise wait for ever.
  const fd = fs.openSync(kernelPath(hostPath), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    const info = fs.fstatSync(fd);
    if (!info.isFile()) {
      const what = info.isDirectory() ? "a folder" : "not a regular file";
      throw new HeadcniError("HC_FILE_NOT_REGULAR", `Cannot read ${path}: it is ${what}`, { details: { path } });
    }
    return use(fd, info.size);
  } finally {
    fs.closeSync(fd);
  }
}

export function readStart(hostPath: string, path: string, bytes: number): Uint8Array {
  return withRegularFile(hostPath, path, (fd) => {
    const head = new Uint8Array(bytes);
    return head.subarray(0, fs.readSync(fd, head, 0, bytes, 0));
  });
}

export function readBounded(hostPath: string, path: string, maxBytes: number): Uint8Array {
  return withRegularFile(hostPath, path, (fd, sizeBytes) => {
    // Files in /proc and /sys say size 0: read until the end, not until the size.
    const chunks: Uint8Array[] = [];
    let total = 0;
    for (;;) {
      const wanted = Math.max(4096, sizeBytes - total + 1);
      const chunk = new Uint8Array(Math.min(wanted, maxBytes - total + 1));
      const count = fs.readSync(fd, chunk, 0, chunk.length, null);
      if (count === 0) break;
      total += count;
      if (total > maxBytes) {
        throw new HeadcniError("HC_FILE_TOO_LARGE", `Cannot read ${path}: it is larger than ${maxBytes} bytes`, {
          details: { path, maxBytes },
        });
      }
      chunks.push(chunk.subarray(0, count));
    }
    const only = chunks[0];
    return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  });
}
