// Standard input and output of the CNI plugin: bounded in time and size whatever the caller does. Read and written without Bun's and
// Node's streams, whose threads and classes would cost a quarter of the plugin's start.

import * as fs from "node:fs";
import { realClock } from "../clock.ts";
import { describeError, errnoOf } from "../errors.ts";
import { type Gathered, gather, readStream, type StdinLimits, type StdinRead, type StreamEnd } from "./stream-stdio.ts";

const chunkBytes = 64 << 10;
const pollMs = 1;
/** O_CLOEXEC, as /proc shows it for a descriptor with FD_CLOEXEC. */
const closeOnExec = 0o2000000;

/** Reads standard input to its end. Never waits longer than the limit, never keeps more than the limit. */
export async function readStdin(limits: StdinLimits): Promise<StdinRead> {
  const gathered = gather(limits.maxBytes);
  const fd = neverBlockingStdin();
  const ended = await (fd === undefined ? readStream(gathered, limits) : readPolling(gathered, limits, fd));
  return { ...ended, text: gathered.text() };
}

/**
 * Standard input as a descriptor that never blocks. A file's is one already; a pipe is opened a second time, because O_NONBLOCK on the
 * caller's own would be set for the caller too. Undefined for what has no second time: a socket, or a closed descriptor.
 */
function neverBlockingStdin(): number | undefined {
  try {
    if (fs.fstatSync(0).isFile()) return 0;
    return fs.openSync("/proc/self/fd/0", fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  } catch {
    // The stream says what is wrong, if anything is.
    return undefined;
  }
}

/** A runtime has written and closed its end long before this process runs, so there is hardly ever anything to wait for. */
async function readPolling(gathered: Gathered, { timeoutMs }: StdinLimits, fd: number): Promise<StreamEnd> {
  const end = realClock.monotonicMs() + timeoutMs;
  const chunk = new Uint8Array(chunkBytes);
  for (;;) {
    const count = tryRead(fd, chunk);
    if (count === 0) return { ended: "end" };
    if (typeof count === "string") return { ended: "failed", reason: count };
    if (count !== undefined) gathered.add(chunk.slice(0, count));
    if (gathered.isFull) return { ended: "too-large" };
    if (realClock.monotonicMs() >= end) return { ended: "timeout" };
    if (count === undefined) await realClock.sleep(pollMs);
  }
}

/** The number of bytes read, 0 at the end; undefined when there is nothing yet; the kernel's words for anything else. */
function tryRead(fd: number, chunk: Uint8Array): number | string | undefined {
  try {
    return fs.readSync(fd, chunk, 0, chunk.length, null);
  } catch (error) {
    return errnoOf(error) === "EAGAIN" ? undefined : describeError(error);
  }
}

/** Writes all of `text` to standard output; false when that was closed, its reader is gone, or it cannot be written. */
export function writeStdout(text: string): boolean {
  return text === "" || (isInherited(1) && write(1, text));
}

/**
 * Whether the caller gave this process the descriptor. Bun opens /dev/null in place of a closed one, and what is written there goes
 * nowhere without an error; close-on-exec tells, since no such descriptor outlives the exec that started this process.
 */
function isInherited(fd: number): boolean {
  try {
    const flags = /^flags:\s*([0-7]+)$/m.exec(fs.readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"))?.[1];
    return flags === undefined || (Number.parseInt(flags, 8) & closeOnExec) === 0;
  } catch {
    // Without /proc the write says what it can.
    return true;
  }
}

/** Writes lines for people to standard error. When it is closed they are lost. */
export function writeStderr(text: string): void {
  write(2, text);
}

function write(fd: number, text: string): boolean {
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.length; ) {
    try {
      offset += fs.writeSync(fd, bytes, offset);
    } catch (error) {
      // A full pipe that another process made non-blocking.
      if (errnoOf(error) !== "EAGAIN") return false;
      Bun.sleepSync(pollMs);
    }
  }
  return true;
}
