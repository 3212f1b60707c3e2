// Frees the leases no attachment holds any more, for the plugin's GC and for `headcni ipam gc` alike.

import { type Lease, readLeases } from "./lease.ts";
import { type LeaseLockSystem, withLeaseLock } from "./lease-lock.ts";
import { planSweep, type SweepFacts, type SweepPlan } from "./plan-sweep.ts";

export interface SweepOptions {
  /** host-local's directory of one network. */
  readonly leaseDir: string;
  /** How long to wait for host-local's lock. */
  readonly lockTimeoutMs: number;
  /** Which attachments live; called under the lock, after the leases were read, so that none of them is newer. */
  readonly facts: (leases: readonly Lease[]) => SweepFacts;
  /** Frees nothing: the plan alone is wanted. */
  readonly isDryRun?: boolean;
}

/** Sweeps one network's leases. A directory that does not exist holds none, and is not made. */
export async function sweepLeases(system: LeaseLockSystem, options: SweepOptions): Promise<SweepPlan> {
  const { leaseDir, lockTimeoutMs } = options;
  if (system.files.stat(leaseDir)?.kind !== "directory") return { keep: [], free: [] };
  const plan = (): SweepPlan => {
    const leases = readLeases(system.files, leaseDir);
    return planSweep(leases, options.facts(leases));
  };
  // The lock's file may not exist yet, and a dry run makes none.
  if (options.isDryRun === true) return plan();
  return withLeaseLock(system, { leaseDir, timeoutMs: lockTimeoutMs }, () => {
    const planned = plan();
    for (const { lease } of planned.free) system.files.remove(lease.path);
    return planned;
  });
}
