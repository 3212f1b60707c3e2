// What the daemon has done since it started, for whoever asks.

import type { System } from "../sys/system.ts";
import type { ConditionStore } from "./condition-store.ts";
import type { PassReport } from "./report.ts";
import type { DaemonFacts } from "./status.ts";

export interface History {
  record(report: PassReport): void;
  facts(): DaemonFacts;
}

export function createHistory(
  { clock }: Pick<System, "clock">,
  conditions: ConditionStore,
  start: Pick<DaemonFacts, "pid" | "startedAtMs">,
): History {
  let last: PassReport | undefined;
  let lastWrite: DaemonFacts["lastWrite"];
  let passes = 0;
  let writes = 0;
  return {
    record: (report) => {
      last = report;
      passes += 1;
      const { written } = report.conflist;
      if (written === undefined) return;
      writes += 1;
      lastWrite = { atMs: report.startedAtMs, reason: written };
    },
    facts: () => ({ ...start, nowMs: clock.now(), conditions: conditions.list(), last, passes, lastWrite, writes }),
  };
}
