// Starting other programs. Children get an explicit environment and argument list, never a shell, and
// always a deadline and an output limit.

import { realClock } from "./clock.ts";
import { describeError, HeadcniError } from "./errors.ts";

export interface ExecOptions {
  /** Bytes or text for standard input; standard input is /dev/null without it. */
  readonly stdin?: string | Uint8Array | undefined;
  /** The child's whole environment; default: PATH, LANG=C.UTF-8 and nothing else. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** The child is killed (SIGKILL) after this long. @default 10000 */
  readonly timeoutMs?: number | undefined;
  /** The child is killed when one stream prints more. @default 1 MiB */
  readonly maxOutputBytes?: number | undefined;
  readonly cwd?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How a program ended. Exactly one of `exitCode` and `signal` is set. */
export interface ExecResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

export interface Exec {
  /**
   * Runs `argv[0]` (a path, or a name looked up on PATH) to its end.
   * @throws HeadcniError HC_EXEC_FAILED when it cannot be started (missing, not executable, wrong format);
   *   a non-zero exit or a timeout is a result, not an exception.
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

function collect(stream: ReadableStream<Uint8Array>): Collector {
  const chunks: Uint8Array[] = [];
  const reader = stream.getReader();
  const pump = async (): Promise<void> => {
    for (;;) {
      const next = await reader.read();
      if (next.done) return;
      chunks.push(next.value);
    }
  };
  return {
    // A read fails only after cancel() or when the child was killed for printing too much: both are ends.
    done: pump().catch(() => undefined),
    cancel: () => void reader.cancel().catch(() => undefined),
    text: () => Buffer.concat(chunks).toString("utf8"),
  };
}

export const realExec: Exec = {
  async run(argv, options = {}) {
    const timeoutMs = options.timeoutMs ?? 10_000;
    const startedAt = performance.now();
    const start = () =>
      Bun.spawn([...argv], {
        stdin: options.stdin === undefined ? "ignore" : toBytes(options.stdin),
        stdout: "pipe",
        stderr: "pipe",
        env: { ...(options.env ?? childEnv()) },
        timeout: timeoutMs,
        killSignal: "SIGKILL",
        maxBuffer: options.maxOutputBytes ?? 1 << 20,
        ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
    let child: ReturnType<typeof start>;
    try {
      child = start();
    } catch (error) {
      throw new HeadcniError("HC_EXEC_FAILED", `Cannot start ${argv[0]}: ${describeError(error)}`, {
        cause: error,
        details: { argv },
      });
    }
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    await child.exited;
    // A grandchild that kept the pipes open must not hold us: what was printed by then is the answer.
    const drained = Promise.all([stdout.done, stderr.done]);
    await Promise.race([drained, realClock.sleep(drainMs)]);
    stdout.cancel();
    stderr.cancel();
    const signal = child.signalCode === null ? null : String(child.signalCode);
    return {
      exitCode: signal === null ? child.exitCode : null,
      signal,
      stdout: stdout.text(),
      stderr: stderr.text(),
      timedOut: signal === "SIGKILL" && performance.now() - startedAt >= timeoutMs,
    };
  },
};

function toBytes(input: string | Uint8Array): Uint8Array {
  return typeof input === "string" ? new TextEncoder().encode(input) : input;
}
