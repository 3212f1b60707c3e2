// How things are measured: programs are started in turn, round after round, so that whatever else the machine does falls on
// all of them alike, and each is told beside the others of the same run.

/** One program run: what to start, and what to prepare and to check, both outside of the time taken. */
export interface Case {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly stdin?: string | undefined;
  /** Before each run. @param round counted from 0 */
  prepare?(round: number): void;
}

export interface Run {
  /** From before the start to the end of the process, milliseconds. */
  readonly ms: number;
  /** What it printed when it failed; undefined when it ended with 0. */
  readonly failure: string | undefined;
}

/** Starts a program and waits for its end. */
export async function runOnce({ argv, env, stdin }: Case): Promise<Run> {
  const startedAt = performance.now();
  const child = Bun.spawn([...argv], {
    env: { PATH: process.env.PATH ?? "", ...env },
    stdin: stdin === undefined ? "ignore" : new TextEncoder().encode(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  const exitCode = await child.exited;
  const ms = performance.now() - startedAt;
  const failure = exitCode === 0 ? undefined : `${await child.stdout.text()}${await child.stderr.text()}`;
  return { ms, failure };
}

/** Every case once a round, starting with another one each time. @throws Error when a run fails. */
export async function interleave(cases: readonly Case[], rounds: number): Promise<Map<string, Run[]>> {
  const runs = new Map<string, Run[]>(cases.map(({ name }) => [name, []]));
  for (let round = -1; round < rounds; round++) {
    for (const [at] of cases.entries()) {
      const chosen = cases[(at + round + 1) % cases.length];
      if (chosen === undefined) continue;
      chosen.prepare?.(round);
      const run = await runOnce(chosen);
      if (run.failure !== undefined) throw new Error(`${chosen.name} failed: ${run.failure}`);
      // The first round is for the page cache.
      if (round >= 0) runs.get(chosen.name)?.push(run);
    }
  }
  return runs;
}

/** The value under which the share `p` (0 to 1) of all lies: the nearest one that was measured. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)] ?? Number.NaN;
}

export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}
