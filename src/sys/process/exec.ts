// Starting other programs. Children get an explicit environment and argument list, never a shell, and
// always a deadline and an output limit.

import { describeError, errnoOf, HeadcniError } from "../errors.ts";
import { heedChildren } from "./libc.ts";

export interface ExecOptions {
  /** Bytes or text for standard input; standard input is /dev/null without it. */
  readonly stdin?: string | Uint8Array | undefined;
  /** The child's whole environment; default: PATH, LANG=C.UTF-8 and nothing else. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The child and what it started are killed (SIGKILL) after this long. @default 10000 */
  readonly timeoutMs?: number | undefined;
  /** Likewise when one stream prints more. @default 1 MiB */
  readonly maxOutputBytes?: number | undefined;
  readonly cwd?: string | undefined;
  /** Likewise when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Whether what the child started and left in its process group is killed once it has ended. For a question to a program; what a
   * plugin leaves running behind an ADD is its own affair. Such a child gets its input through a pipe. @default false
   */
  readonly killsLeftovers?: boolean | undefined;
  /** A descriptor the child gets as its descriptor 3 and passes on to what it starts: a lock that outlives this process. */
  readonly heldFd?: number | undefined;
}

/** How a program ended. Exactly one of `exitCode` and `signal` is set. */
export interface ExecResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  /** It was killed because its time was up. */
  readonly timedOut: boolean;
  /** It was killed because it printed too much; the streams hold what came until then. */
  readonly outputTooLong: boolean;
}

export interface Exec {
  /**
   * Runs `argv[0]` (a path, or a name looked up on PATH) to its end.
   * @throws HeadcniError HC_EXEC_FAILED when it cannot be started (missing, not executable, wrong format, called off
   *   before); a non-zero exit, a timeout or an abort is a result, not an exception.
   */
  run(argv: readonly string[], options?: ExecOptions): Promise<ExecResult>;
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The environment a child gets when the caller names none. */
export function childEnv(extra: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env.PATH ?? defaultPath, LANG: "C.UTF-8", ...extra };
}

/** How long output may still arrive after the child itself has ended. */
const drainMs = 500;

interface Collector {
  readonly done: Promise<void>;
  cancel(): void;
  text(): string;
}

/** Gathers a stream; calls `onTooLong` once when it brings more than `maxBytes`, and keeps no more than those. */
function collect(stream: ReadableStream<Uint8Array>, maxBytes: number, onTooLong: () => void): Collector {
  const chunks: Uint8Array[] = [];
  const reader = stream.getReader();
  const pump = async (): Promise<void> => {
    for (let left = maxBytes; ; ) {
      const next = await reader.read();
      if (next.done) return;
      chunks.push(next.value.subarray(0, left));
      left -= next.value.length;
      if (left < 0) {
        onTooLong();
        return;
      }
    }
  };
  return {
    // A read fails only after cancel(), which is an end like any other.
    done: pump().catch(() => undefined),
    cancel: () => void reader.cancel().catch(() => undefined),
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

export const realExec: Exec = {
  async run(argv, options = {}) {
    const child = start(argv, options);
    let killedFor: "timeout" | "output" | "abort" | undefined;
    const kill = (why: typeof killedFor) => (): void => {
      killedFor ??= why;
      killGroup(child.pid);
    };
    const onAbort = kill("abort");
    const timer = setTimeout(kill("timeout"), options.timeoutMs ?? 10_000);
    options.signal?.addEventListener("abort", onAbort, { once: true });
    const maxBytes = options.maxOutputBytes ?? 1 << 20;
    const stdout = collect(child.stdout, maxBytes, kill("output"));
    const stderr = collect(child.stderr, maxBytes, kill("output"));
    await child.exited;
    if (options.killsLeftovers === true) killGroup(child.pid);
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", onAbort);
    // A grandchild that kept the pipes open must not hold us: what was printed by then is the answer.
    // (An AbortController here would cost the CNI plugin half a millisecond of every pod's start.)
    const { promise: late, resolve: giveUp } = Promise.withResolvers<void>();
    const drain = setTimeout(giveUp, drainMs);
    await Promise.race([Promise.all([stdout.done, stderr.done]), late]);
    clearTimeout(drain);
    stdout.cancel();
    stderr.cancel();
    const signal = child.signalCode === null ? null : String(child.signalCode);
    return {
      exitCode: signal === null ? child.exitCode : null,
      signal,
      stdout: stdout.text(),
      stderr: stderr.text(),
      timedOut: killedFor === "timeout",
      outputTooLong: killedFor === "output",
    };
  },
};

/** An `exec` whose children all are killed when `signal` aborts, for a process that is about to end. */
export function execUntil(exec: Exec, signal: AbortSignal): Exec {
  return { run: (argv, options = {}) => exec.run(argv, { ...options, signal: options.signal ?? signal }) };
}

function start(argv: readonly string[], { stdin, env, cwd, signal, heldFd, killsLeftovers = false }: ExecOptions) {
  try {
    signal?.throwIfAborted();
    heedChildren();
    const bytes = stdin === undefined ? undefined : toBytes(stdin);
    const isPiped = bytes !== undefined && killsLeftovers;
    const input = isPiped ? "pipe" : (bytes ?? "ignore");
    const child = Bun.spawn([...argv], {
      stdio: heldFd === undefined ? [input, "pipe", "pipe"] : [input, "pipe", "pipe", heldFd],
      env: { ...(env ?? childEnv()) },
      // A process group of its own, so that what the child starts can be killed with it.
      detached: true,
      ...(cwd === undefined ? {} : { cwd }),
    });
    if (isPiped && typeof child.stdin === "object") void feed(child.stdin, bytes);
    return child;
  } catch (error) {
    throw new HeadcniError("HC_EXEC_FAILED", `Cannot start ${argv[0]}: ${describeError(error)}`, {
      cause: error,
      details: { argv },
    });
  }
}

/**
 * Bytes given to Bun.spawn lie in a memory file that stays open until the next garbage collection, so a process that stays and asks
 * again and again would gather them; a child that must get all its input even if this process dies gets the file.
 */
async function feed(pipe: Bun.FileSink, bytes: Uint8Array): Promise<void> {
  try {
    await pipe.write(bytes);
    await pipe.end();
  } catch {
    // A child may end, or close its input, without having read it.
  }
}

/**
 * Kills a child, and all it started that stayed in its group. Its number names no other group: the kernel does not
 * use it again while one of them lives, and right after the last of them only when all numbers have been used in between.
 */
export function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch (error) {
    // None of them is left.
    if (errnoOf(error) !== "ESRCH") throw error;
  }
}

function toBytes(input: string | Uint8Array): Uint8Array {
  return typeof input === "string" ? new TextEncoder().encode(input) : input;
}
