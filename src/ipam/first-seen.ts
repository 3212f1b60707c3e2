// How long this process has known a lease, by a clock that nobody sets: a lease's own time says little once the machine's has been
// set, and one from the future would stay young for as long.

import type { Clock } from "../sys/clock.ts";
import type { Lease } from "./lease.ts";

export interface LeasesSeen {
  /** Notes the leases there are, and forgets those that have gone. Gives for how long each was there, in milliseconds. */
  note(leases: readonly Lease[]): (lease: Lease) => number;
}

export function createLeasesSeen(clock: Clock): LeasesSeen {
  let seen = new Map<string, number>();
  return {
    note: (leases) => {
      const nowMs = clock.monotonicMs();
      seen = new Map(leases.map((lease) => [keyOf(lease), seen.get(keyOf(lease)) ?? nowMs]));
      return (lease) => nowMs - (seen.get(keyOf(lease)) ?? nowMs);
    },
  };
}

/** An address that was given out anew is another lease. */
function keyOf({ path, text, givenAtMs }: Lease): string {
  return JSON.stringify([path, text, givenAtMs]);
}
