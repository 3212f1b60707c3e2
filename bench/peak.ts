// How much memory a program takes at its most. A child's own figure is of no use here: it starts with the size of the process
// that forked it, and Bun is larger than what is measured. So a small one, busybox's `time`, does the forking.

import type { Case } from "./sample.ts";

/** The largest that the program, or one it waited for, was: bytes. @throws Error when the program fails. */
export async function peakBytes({ name, argv, env, stdin }: Case): Promise<number> {
  return (await timed({ name, argv, env, stdin })).peak / (await scale());
}

interface Timed {
  /** As `time` says it. */
  readonly peak: number;
  readonly stdout: string;
}

async function timed({ name, argv, env, stdin }: Case): Promise<Timed> {
  const child = Bun.spawn(["busybox", "time", "-f", "%M", ...argv], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdin: stdin === undefined ? "ignore" : new TextEncoder().encode(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  const peak = Number(stderr.trimEnd().split("\n").at(-1));
  if (exitCode !== 0 || !(peak > 0)) throw new Error(`${name} failed: ${stdout}${stderr}`);
  return { peak, stdout };
}

let known: number | undefined;

/** What `time` says for one byte: it means kibibytes, and busybox multiplies them by the pages' size once more. */
async function scale(): Promise<number> {
  if (known !== undefined) return known;
  const { peak, stdout } = await timed({ name: "time", argv: ["grep", "VmHWM", "/proc/self/status"] });
  const kibibytes = Number(/(\d+) kB/.exec(stdout)?.[1]);
  known = Math.max(1, Math.round(peak / kibibytes)) / 1024;
  return known;
}
