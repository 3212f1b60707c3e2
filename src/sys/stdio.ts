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

export function isTerminal(fd: 1 | 2): boolean {
  return isatty(fd);
}
