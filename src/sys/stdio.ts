// Standard streams without Node's stream classes, which would cost more than the rest of the start.

import * as fs from "node:fs";
import { isatty } from "node:tty";
import { errnoOf } from "./errors.ts";

/**
 * Writes all of `text` to a descriptor. A reader that has gone away (EPIPE: `headcni … | head`) is not an error;
 * a full pipe set non-blocking by somebody else is waited for.
 */
export function writeAll(fd: 1 | 2, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += fs.writeSync(fd, bytes, offset);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "EPIPE") return;
      if (errno !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
}

/** All of standard input, or its first `maxBytes`; waits until it ends. Closed counts as empty. */
export function readStandardInput(maxBytes: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  for (let total = 0; total < maxBytes; ) {
    const chunk = new Uint8Array(Math.min(1 << 16, maxBytes - total));
    try {
      const count = fs.readSync(0, chunk, 0, chunk.length, null);
      if (count === 0) break;
      total += count;
      chunks.push(chunk.subarray(0, count));
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "EOF" || errno === "EBADF") break;
      if (errno !== "EAGAIN") throw error;
      Bun.sleepSync(1);
    }
  }
  return Buffer.concat(chunks);
}

export function isTerminal(fd: 1 | 2): boolean {
  return isatty(fd);
}
