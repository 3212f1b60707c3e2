// Standard input and output of the CNI plugin: bounded in time and size whatever the caller does, and without Node's stream
// classes, which would cost more than the rest of the start.

import { describeError } from "./errors.ts";

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

/** Reads standard input to its end. Never waits longer than the limit, never keeps more than the limit. */
export async function readStdin({ maxBytes, timeoutMs }: StdinLimits): Promise<StdinRead> {
  // A byte order mark is kept: JSON does not allow one, and no other plugin reads past it.
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  let text = "";
  let total = 0;
  let ended: StdinRead["ended"] = "end";
  const reader = Bun.stdin.stream().getReader();
  const { promise: late, resolve: giveUp } = Promise.withResolvers<undefined>();
  const deadline = setTimeout(() => {
    ended = "timeout";
    giveUp(undefined);
  }, timeoutMs);
  try {
    for (;;) {
      const next = await Promise.race([reader.read(), late]);
      if (next === undefined || next.done) break;
      total += next.value.length;
      if (total > maxBytes) {
        ended = "too-large";
        break;
      }
      text += decoder.decode(next.value, { stream: true });
    }
  } catch (error) {
    return { ended: "failed", text, reason: describeError(error) };
  } finally {
    clearTimeout(deadline);
    // Not awaited: a stream that never ends would not let go either, and the process ends soon.
    if (ended !== "end") void reader.cancel().catch(() => undefined);
  }
  return { ended, text: text + decoder.decode() };
}

/** Writes to standard output; false when nobody reads it any more (closed, or a broken pipe). */
export async function writeStdout(text: string): Promise<boolean> {
  if (text === "") return true;
  try {
    await Bun.write(Bun.stdout, text);
    return true;
  } catch {
    // EPIPE or EBADF: whoever asked is gone, and there is nowhere else to say so.
    return false;
  }
}

/** Writes a line for people to standard error; a closed one is not an error. */
export async function writeStderr(text: string): Promise<void> {
  if (text === "") return;
  try {
    await Bun.write(Bun.stderr, text);
  } catch {
    // As above: nobody is there to read it.
  }
}
