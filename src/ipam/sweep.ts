// Frees the leases nobody holds any more, for the plugin's GC and for `headcni ipam gc` alike.

import type { Files } from "../sys/fs/files.ts";
import { type Lease, readLeases } from "./lease.ts";
import { type LeaseLockWorld, withLeaseLock } from "./lease-lock.ts";
import { planSweep, type SweepFacts, type SweepPlan } from "./plan-sweep.ts";

export interface SweepOptions {
  /** host-local's folder of one network. */
  readonly folder: string;
  /** How long to wait for host-local's lock. */
  readonly lockTimeoutMs: number;
  /** Says who lives; called under the lock, after the leases were read, so that nobody new can be among them. */
  readonly facts: (leases: readonly Lease[]) => SweepFacts;
  /** Frees nothing: the plan alone is wanted. */
  readonly isDryRun?: boolean;
}

/** Sweeps one network's leases. A folder that does not exist holds none, and is not made. */
export async function sweepLeases(world: LeaseLockWorld, options: SweepOptions): Promise<SweepPlan> {
  const { folder, lockTimeoutMs } = options;
  if (world.files.stat(folder)?.kind !== "folder") return { keep: [], free: [] };
  const judge = (): SweepPlan => {
    const leases = readLeases(world.files, folder);
    return planSweep(leases, options.facts(leases));
  };
  // The lock's file may not exist yet, and whoever only looks makes none.
  if (options.isDryRun === true) return judge();
  return withLeaseLock(world, { folder, timeoutMs: lockTimeoutMs }, () => {
    const plan = judge();
    free(world.files, plan);
    return plan;
  });
}

function free(files: Files, plan: SweepPlan): void {
  for (const { lease } of plan.free) files.remove(lease.path);
}
