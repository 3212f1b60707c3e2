// A program that prints lines when a test says so, in place of `ip monitor`.

import { HeadcniError } from "../sys/errors.ts";
import type { FollowEnd, FollowOptions, FollowProgram } from "../sys/process/follow.ts";

export interface FakeMonitor {
  readonly follow: FollowProgram;
  /** Command lines, one for each start. */
  readonly starts: readonly string[];
  /** As if the program were not installed. */
  isMissing: boolean;
  /** Lets what runs print a line. */
  print(line: string, to?: "stdout" | "stderr"): void;
  /** Ends what runs. */
  end(end: FollowEnd): void;
}

export function fakeMonitor(): FakeMonitor {
  const starts: string[] = [];
  const running = new Set<{ onLine: FollowOptions["onLine"]; end: (end: FollowEnd) => void }>();
  const monitor: FakeMonitor = {
    starts,
    isMissing: false,
    print: (line, to = "stdout") => {
      for (const { onLine } of running) onLine(line, to);
    },
    end: (end) => {
      for (const program of running) program.end(end);
    },
    follow: async (argv, { onLine }, signal) => {
      starts.push(argv.join(" "));
      if (monitor.isMissing) throw new HeadcniError("HC_EXEC_FAILED", `Cannot start ${argv[0]}: does not exist`);
      const { promise, resolve } = Promise.withResolvers<FollowEnd>();
      const program = { onLine, end: resolve };
      running.add(program);
      const kill = (): void => resolve({ kind: "killed", signal: "SIGKILL" });
      signal.addEventListener("abort", kill, { once: true });
      if (signal.aborted) kill();
      const end = await promise;
      running.delete(program);
      return end;
    },
  };
  return monitor;
}
