// Passes over time: after each change that was heard of, and now and then without one, because events get lost.

import type { Part } from "../agent/supervisor.ts";
import type { Wakeups } from "../agent/trigger.ts";
import type { System } from "../sys/system.ts";
import type { ConditionStore } from "./condition-store.ts";
import { type Passes, PassStopped } from "./pass.ts";
import type { PassReport } from "./report.ts";
import { createWatches, watchTargets } from "./watches.ts";

/** How long the daemon goes without looking when all is well, and when something waits to become well. */
export const idleMs = { well: 30_000, waiting: 5000 } as const;
/** A pass has deadlines for all it calls; one that takes longer than this hangs. */
const stuckMs = 60_000;

export interface Loop extends Part {
  /** Why the loop has stopped turning; undefined when it has not. */
  stuck(): string | undefined;
}

export interface LoopOptions {
  readonly passes: Passes;
  readonly wakeups: Wakeups;
  readonly conditions: ConditionStore;
  /** The pass that was made before the loop begins. */
  readonly first: PassReport;
  readonly onReport: (report: PassReport) => void;
}

export function reconcileLoop(system: System, options: LoopOptions): Loop {
  const { passes, wakeups, conditions, first, onReport } = options;
  const { clock } = system;
  let busySinceMs: number | undefined;
  let wakesByMs = Number.POSITIVE_INFINITY;
  const turn = async (signal: AbortSignal): Promise<PassReport | undefined> => {
    const pauseMs = isWaiting(conditions) ? idleMs.waiting : idleMs.well;
    wakesByMs = clock.monotonicMs() + pauseMs;
    const reasons = await wakeups.next(pauseMs, signal);
    if (signal.aborted) return undefined;
    busySinceMs = clock.monotonicMs();
    try {
      return await passes.run(reasons);
    } catch (error) {
      if (error instanceof PassStopped) return undefined;
      throw error;
    } finally {
      busySinceMs = undefined;
    }
  };
  return {
    name: "reconcile loop",
    stuck: () => {
      const lateMs = clock.monotonicMs() - (busySinceMs ?? wakesByMs);
      if (lateMs < stuckMs) return undefined;
      return `the reconcile loop ${busySinceMs === undefined ? "has not woken" : "has been busy"} for ${Math.round(lateMs / 1000)} s`;
    },
    run: async (signal) => {
      const watches = createWatches(system, wakeups);
      watches.update(watchTargets(first, system.files.root));
      // What changed between the first pass and the watches is seen by this one.
      wakeups.wake("start", 0);
      while (!signal.aborted) {
        const report = await turn(signal);
        if (report === undefined) break;
        watches.update(watchTargets(report, system.files.root));
        onReport(report);
      }
      watches.close();
    },
  };
}

/** Whether something is to become well by itself, so that looking again soon is worth it. */
function isWaiting(conditions: ConditionStore): boolean {
  const waits = ["PodCIDRChangeBlocked", "NodeStateNotWritten"];
  return conditions.list().some(({ code, severity }) => severity === "error" || waits.includes(code));
}
