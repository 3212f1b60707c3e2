// Standard input and output as Bun's streams, bounded in time and size: for code that does not load `node:fs`, a quarter of its
// start, and for inputs that `plugin-stdio.ts` cannot open a second time.

import { describeError } from "../errors.ts";

export interface StdinLimits {
  readonly maxBytes: number;
  /** How long the caller may take to close its end. */
  readonly timeoutMs: number;
}

/** All of standard input, or why it was not read to its end; `text` is what came until then. */
export interface StdinRead {
  readonly ended: "end" | "too-large" | "timeout" | "failed";
  readonly text: string;
  /** The kernel's reason when `ended` is `failed`. */
  readonly reason?: string;
}

/** How the reading ended. */
export type StreamEnd = Pick<StdinRead, "ended" | "reason">;

/** What was read so far; `isFull` once there was more than the limit. */
export interface Gathered {
  add(bytes: Uint8Array): void;
  readonly isFull: boolean;
  text(): string;
}

/** Reads standard input to its end. Never waits longer than the limit, never keeps more than the limit. */
export async function readStdinStream(limits: StdinLimits): Promise<StdinRead> {
  const gathered = gather(limits.maxBytes);
  const ended = await readStream(gathered, limits);
  return { ...ended, text: gathered.text() };
}

/** Writes all of `text` to standard output; false when its reader is gone, or it cannot be written. */
export async function writeStdoutStream(text: string): Promise<boolean> {
  try {
    await Bun.write(Bun.stdout, text);
    return true;
  } catch {
    // EPIPE, EBADF, ENOSPC: there is no other place for an answer.
    return false;
  }
}

/** Reads the stream of standard input to its end or a limit. */
export async function readStream(gathered: Gathered, { timeoutMs }: StdinLimits): Promise<StreamEnd> {
  const reader = Bun.stdin.stream().getReader();
  const { promise: late, resolve: giveUp } = Promise.withResolvers<"late">();
  const deadline = setTimeout(() => giveUp("late"), timeoutMs);
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), late]);
      if (next === "late") return { ended: "timeout" };
      if (next.done) return { ended: "end" };
      gathered.add(next.value);
      if (gathered.isFull) return { ended: "too-large" };
    }
  } catch (error) {
    return { ended: "failed", reason: describeError(error) };
  } finally {
    clearTimeout(deadline);
  }
}

/** An empty one. */
export function gather(maxBytes: number): Gathered {
  // A byte order mark is kept: JSON does not allow one, and no other plugin skips one.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let total = 0;
  return {
    add: (bytes) => {
      total += bytes.length;
      if (total <= maxBytes) text += decoder.decode(bytes, { stream: true });
    },
    get isFull() {
      return total > maxBytes;
    },
    text: () => text + decoder.decode(),
  };
}
