// `headcni chart pause`: does nothing until it is stopped, as the container of a pod whose init container did the work.

import type { Command } from "commander";
import { onSignals } from "../../sys/process/process.ts";
import { addExamples } from "../options.ts";

export function addPauseCommand(chart: Command): void {
  const pause = chart.command("pause").description("do nothing until SIGTERM").action(pauseCommand);
  addExamples(pause, "headcni chart pause");
}

function pauseCommand(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = new AbortController();
  onSignals(
    ["SIGTERM", "SIGINT"],
    () => {
      end.abort();
      resolve();
    },
    end.signal,
  );
  return promise;
}
