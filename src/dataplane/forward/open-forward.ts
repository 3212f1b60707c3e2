// Lets pods' packets pass every FORWARD of iptables there is, as a part that is held.

import type { Condition } from "../../agent/conditions.ts";
import type { System } from "../../sys/system.ts";
import { condition } from "../conditions.ts";
import type { ForwardListing } from "../damage/find-damage.ts";
import type { Holder } from "../holder.ts";
import { type Firewalls, findFirewalls, holdForward } from "./firewall.ts";

export interface OpenForwardOptions {
  readonly isWanted: boolean;
  readonly holder: Holder;
  /** The firewalls of a step before, where those of nftables are as they were: then only the others are looked at. */
  readonly known: Firewalls | undefined;
}

export interface OpenedForward {
  readonly firewalls: Firewalls;
  /** What each had before; undefined where not all were looked at. */
  readonly forward: readonly ForwardListing[] | undefined;
  readonly conditions: readonly Condition[];
}

export async function openForward(
  system: System,
  { isWanted, holder, known }: OpenForwardOptions,
): Promise<OpenedForward> {
  const firewalls = await findFirewalls(system, known);
  const chains = firewalls.iptables.filter(({ backend }) => known === undefined || backend === "legacy");
  const listings: ForwardListing[] = [];
  const conditions = await holder.hold({
    part: "forward",
    key: String(isWanted),
    act: async () => {
      const changed: boolean[] = [];
      for (const chain of chains) {
        const { hasChanged, listing } = await holdForward(system, chain, isWanted);
        changed.push(hasChanged);
        listings.push({ family: chain.family, text: listing });
      }
      return changed.includes(true);
    },
    failed: (failure) => [condition("ForwardNotOpened", failure)],
  });
  const isComplete = known === undefined && listings.length === chains.length;
  return { firewalls, forward: isComplete ? listings : undefined, conditions };
}
