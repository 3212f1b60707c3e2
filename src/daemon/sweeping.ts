// Frees addresses nobody holds, now and then: after a reboot host-local's leases are still there and their pods are not, and most
// runtimes never send GC. The rule for what may go is `headcni ipam gc`'s own.

import type { Part } from "../agent/supervisor.ts";
import { leaseFolder } from "../ipam/lease.ts";
import { type NodeSweepReport, sweepNode } from "../ipam/node-sweep.ts";
import { savedCallsDir } from "../node-state/names.ts";
import type { NodeRuntime } from "../runtime/ask-runtimes.ts";
import { describeError, HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";

/** The runtime is given time to start; then leases from before a reboot go early, before a node that fills up notices. */
const firstAfterMs = 60_000;
const everyMs = 10 * 60_000;

export interface SweepingOptions {
  /** Looked up anew each time: a runtime may be installed later. */
  readonly runtimes: () => Promise<readonly NodeRuntime[]>;
  readonly onSwept: (report: NodeSweepReport) => void;
}

export function sweeping(system: System, { runtimes, onSwept }: SweepingOptions): Part {
  let lastFailure: string | undefined;
  const sweep = async (): Promise<void> => {
    if (!hasAnything(system)) return;
    try {
      const report = await sweepNode(system, { runtimes: await runtimes(), isDryRun: false });
      lastFailure = undefined;
      tell(system, report);
      onSwept(report);
    } catch (error) {
      // A node without a CRI runtime says the same every time; once is enough. And no fault of a sweep is worth the daemon.
      const message = describeError(error);
      if (message === lastFailure) return;
      if (error instanceof HeadcniError) system.log.info(message, { hint: error.hint });
      else system.log.error(`The lease sweep failed: ${message}`, { error });
      lastFailure = message;
    }
  };
  return {
    name: "lease sweep",
    run: async (signal) => {
      await system.clock.sleep(firstAfterMs, signal);
      while (!signal.aborted) {
        await sweep();
        await system.clock.sleep(everyMs, signal);
      }
    },
  };
}

/** Whether there is any lease or saved call; without, no runtime is bothered. */
function hasAnything({ files }: System): boolean {
  return [leaseFolder, savedCallsDir].some((folder) => (files.list(folder) ?? []).length > 0);
}

function tell({ log }: System, { free, removedCalls }: NodeSweepReport): void {
  if (free.length === 0 && removedCalls.length === 0) return;
  log.info(`Freed ${free.length} addresses nobody holds, removed ${removedCalls.length} saved delegate configs`, {
    addresses: free.map(({ lease }) => String(lease.addr)),
  });
}
