// Which leases no attachment holds any more. Pure: every doubt keeps a lease, because an address freed under a living pod is given to a
// second one, and an address kept too long is only one of many.

import type { Lease, LeaseOwner } from "./lease.ts";

/** An attachment that may hold leases; without an interface: all of the container's. */
export type Holder = LeaseOwner;

export interface SweepFacts {
  /** Every one that is known to live. */
  readonly holders: readonly Holder[];
  /** Leases given at this time or later are kept: their pod may not be known yet. Milliseconds since the epoch. */
  readonly keepSinceMs: number;
  /** Whether a lease is old enough whatever its time says. @default none is */
  readonly isKnownOld?: ((lease: Lease) => boolean) | undefined;
}

export interface ClassifiedLease {
  readonly lease: Lease;
  readonly verdict: "held" | "young" | "abandoned" | "torn";
}

export interface SweepPlan {
  readonly keep: readonly ClassifiedLease[];
  readonly free: readonly ClassifiedLease[];
}

/** Divides leases into those to keep and those to free. */
export function planSweep(leases: readonly Lease[], facts: SweepFacts): SweepPlan {
  const byContainer = Map.groupBy(facts.holders, ({ containerId }) => containerId);
  const classified = leases.map((lease): ClassifiedLease => ({ lease, verdict: classify(lease, facts, byContainer) }));
  const isKept = ({ verdict }: ClassifiedLease): boolean => verdict === "held" || verdict === "young";
  return { keep: classified.filter(isKept), free: classified.filter((lease) => !isKept(lease)) };
}

function classify(
  lease: Lease,
  { holders, keepSinceMs, isKnownOld }: SweepFacts,
  byContainer: ReadonlyMap<string, readonly Holder[]>,
): ClassifiedLease["verdict"] {
  const { owner, text } = lease;
  const ofContainer = owner === undefined ? [] : (byContainer.get(owner.containerId) ?? []);
  if (ofContainer.some((holder) => isSameInterface(owner, holder))) return "held";
  // A file cut short may still read as a whole owner, so every lease is compared.
  if (text !== "" && holders.some((holder) => wholeText(holder).startsWith(text))) return "held";
  if (lease.givenAtMs >= keepSinceMs && isKnownOld?.(lease) !== true) return "young";
  return owner === undefined ? "torn" : "abandoned";
}

/** Where one of the two names no interface, the container decides. */
function isSameInterface(owner: LeaseOwner | undefined, holder: Holder): boolean {
  return owner?.ifname === undefined || holder.ifname === undefined || owner.ifname === holder.ifname;
}

/** What host-local writes into a lease of this holder's. */
function wholeText({ containerId, ifname }: Holder): string {
  return ifname === undefined ? containerId : `${containerId}\r\n${ifname}`;
}
