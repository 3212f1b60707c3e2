// Programs that stay and print a line for each thing that happens (`ip monitor`): their lines as they come, until they end or are
// no longer wanted. Not part of `Exec`, which each pod's plugin loads.

import { describeError, HeadcniError } from "../errors.ts";
import { LineTooLong, splitLines } from "../lines.ts";
import { childEnv, killGroup } from "./exec.ts";
import { heedChildren } from "./libc.ts";

export interface FollowOptions {
  /** Called for each line of standard output and error, in the order they come, without the line break. */
  readonly onLine: (line: string, from: "stdout" | "stderr") => void;
  /** The program is killed when a line gets longer. @default 64 KiB */
  readonly maxLineBytes?: number | undefined;
}

/** How a program that was followed ended: its exit code, the signal that killed it, or the line that was too long. */
export type FollowEnd =
  | { readonly kind: "exited"; readonly exitCode: number }
  | { readonly kind: "killed"; readonly signal: string }
  | { readonly kind: "line-too-long" };

/**
 * Runs `argv[0]` until it ends; kills it, and what it started, when `signal` aborts. It has no standard input.
 * A program outlives this process only until it prints its next line, when that is killed without a chance to end it.
 * @throws HeadcniError HC_EXEC_FAILED when it cannot be started
 */
export type FollowProgram = (
  argv: readonly string[],
  options: FollowOptions,
  signal: AbortSignal,
) => Promise<FollowEnd>;

export const followProgram: FollowProgram = async (argv, { onLine, maxLineBytes = 1 << 16 }, signal) => {
  const child = start(argv);
  const kill = (): void => killGroup(child.pid);
  signal.addEventListener("abort", kill, { once: true });
  if (signal.aborted) kill();
  let isTooLong = false;
  const read = async (from: "stdout" | "stderr"): Promise<void> => {
    try {
      for await (const line of splitLines(child[from], maxLineBytes)) onLine(line, from);
    } catch (error) {
      kill();
      if (!(error instanceof LineTooLong)) throw error;
      isTooLong = true;
    }
  };
  await Promise.all([child.exited, read("stdout"), read("stderr")]);
  signal.removeEventListener("abort", kill);
  if (isTooLong) return { kind: "line-too-long" };
  return child.signalCode === null
    ? { kind: "exited", exitCode: child.exitCode ?? 0 }
    : { kind: "killed", signal: String(child.signalCode) };
};

function start(argv: readonly string[]) {
  try {
    heedChildren();
    return Bun.spawn([...argv], { stdio: ["ignore", "pipe", "pipe"], env: childEnv(), detached: true });
  } catch (error) {
    throw new HeadcniError("HC_EXEC_FAILED", `Cannot start ${argv[0]}: ${describeError(error)}`, {
      cause: error,
      details: { argv },
    });
  }
}
