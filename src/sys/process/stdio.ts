// Standard streams without Node's stream classes, which would cost more than the rest of the start.

import * as fs from "node:fs";
import { describeError, errnoOf, HeadcniError } from "../errors.ts";
import { isatty } from "./libc.ts";

/**
 * Writes all of `text` to a descriptor. A reader that has gone away (EPIPE: `headcni … | head`) is not an error;
 * a full pipe that another process made non-blocking is waited for. What standard error does not take is lost.
 * @throws HeadcniError HC_FILE_WRITE when standard output cannot be written, e.g. to a full disk.
 */
export function writeAll(fd: 1 | 2, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += fs.writeSync(fd, bytes, offset);
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "EPIPE" || (fd === 2 && errno !== "EAGAIN")) return;
      if (errno !== "EAGAIN") {
        throw new HeadcniError("HC_FILE_WRITE", `Cannot write standard output: ${describeError(error)}`, {
          cause: error,
        });
      }
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

/** The next line of standard input, without its end; what is left when it ends before one. */
export function readLine(): string {
  const bytes: number[] = [];
  const byte = new Uint8Array(1);
  for (;;) {
    try {
      if (fs.readSync(0, byte, 0, 1, null) === 0) break;
    } catch (error) {
      const errno = errnoOf(error);
      if (errno === "EOF" || errno === "EBADF" || errno === "EIO") break;
      if (errno !== "EAGAIN") throw error;
      Bun.sleepSync(10);
      continue;
    }
    if (byte[0] === 0x0a) break;
    bytes.push(byte[0] ?? 0);
  }
  return new TextDecoder().decode(Uint8Array.from(bytes)).replace(/\r$/, "");
}

/** Whether a descriptor is a terminal. `node:tty` would cost 1.5 ms at every start. */
export function isTerminal(fd: 0 | 1 | 2): boolean {
  return isatty(fd);
}

/** Cells of a line of the terminal on standard output. Loads Node's stream classes: ask only where there is a terminal. */
export function terminalColumns(): number {
  return process.stdout.columns || 80;
}
