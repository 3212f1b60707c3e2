// The agent that frees leases without a pod, now and then: after a reboot host-local's leases are still there and their pods are not,
// and most runtimes never send GC. The rule for what may go is `headcni ipam gc`'s own.

import { type Agent, agentStatus, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import type { Condition } from "../agent/conditions.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { savedCallsDir } from "../node-state/names.ts";
import type { NodeRuntime } from "../runtime/ask-runtimes.ts";
import { describeError, HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { leaseConditions, runtimeUnasked } from "./conditions.ts";
import { createLeasesSeen } from "./first-seen.ts";
import { leaseDir } from "./lease.ts";
import { leaseMetrics } from "./metrics.ts";
import type { NodeSweepReport } from "./node-sweep.ts";

/** The runtime is given time to start; then leases from before a reboot go early, before a node that fills up notices. */
const firstAfterMs = 60_000;
const everyMs = 10 * 60_000;

/** While a runtime does not answer. */
const retryMs = 60_000;
const name = "leases";

export interface LeaseAgentOptions {
  readonly conditions: ConditionStore;
  /** Looked up anew each time: a runtime may be installed later. */
  readonly runtimes: () => Promise<readonly NodeRuntime[]>;
  readonly record: RecordMetric;
}

/** What the last sweep did. */
interface LeaseStatus {
  readonly atMs: number;
  readonly freed: number;
  readonly kept: number;
}

export function createLeaseAgent(system: System, { conditions, runtimes, record }: LeaseAgentOptions): Agent {
  const seen = createLeasesSeen(system.clock);
  let last: LeaseStatus | undefined;
  let lastFailure: string | undefined;
  let isBlocked = false;
  const sweep = async (): Promise<void> => {
    let raised: readonly Condition[] = [];
    try {
      if (!hasAnything(system)) return;
      // Loaded with the first sweep: a node is made ready without it.
      const { sweepNode } = await import("./node-sweep.ts");
      const report = await sweepNode(system, { runtimes: await runtimes(), isDryRun: false, seen });
      lastFailure = undefined;
      last = { atMs: system.clock.now(), freed: report.free.length, kept: report.keep.length };
      logSweep(system, report);
      record(leaseMetrics.freed, report.free.length);
    } catch (error) {
      // A node without a CRI runtime says the same every time; once is enough. And no fault of a sweep is worth the daemon.
      const message = describeError(error);
      const unasked = runtimeUnasked(error);
      raised = unasked === undefined ? [] : [unasked];
      if (message === lastFailure || raised.length > 0) return;
      if (error instanceof HeadcniError) system.log.info("LeaseSweepFailed", message, { hint: error.hint });
      else system.log.error("LeaseSweepFailed", `The lease sweep failed: ${message}`, { error });
      lastFailure = message;
    } finally {
      conditions.set(name, raised);
      isBlocked = raised.length > 0;
    }
  };
  return {
    // It has no first step: there is nothing to free before the runtime has had its time.
    ...plainAgent,
    name,
    conditions: leaseConditions,
    metrics: Object.values(leaseMetrics),
    run: async (signal) => {
      await system.clock.sleep(firstAfterMs, signal);
      while (!signal.aborted) {
        await sweep();
        await system.clock.sleep(isBlocked ? retryMs : everyMs, signal);
      }
    },
    status: () => agentStatus({ document: { lastSweep: last === undefined ? null : encodeSweep(last) } }),
  };
}

function encodeSweep({ atMs, freed, kept }: LeaseStatus) {
  return { at: new Date(atMs).toISOString(), freed, kept };
}

/** Whether there is any lease or saved call; without, no runtime is asked. */
function hasAnything({ files }: System): boolean {
  return [leaseDir, savedCallsDir].some((dir) => (files.list(dir) ?? []).length > 0);
}

function logSweep({ log }: System, { free, removedCalls }: NodeSweepReport): void {
  if (free.length === 0 && removedCalls.length === 0) return;
  log.info(
    "LeasesFreed",
    `Freed ${free.length} addresses nobody holds, removed ${removedCalls.length} saved delegate configs`,
    {
      addresses: free.map(({ lease }) => String(lease.addr)),
    },
  );
}
