// Which PodCIDRs are offered to the tailnet: those in force, and of guessed ones only what no other node serves. Pure.

import type { Condition } from "../agent/conditions.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import { condition } from "./conditions.ts";

/** The node's PodCIDRs, as its agent publishes them. */
export interface AdvertisedAssignment {
  /** The adopted ones. */
  readonly podCIDRs: PodCIDRs;
  /** Whether nothing assigned them. */
  readonly isGuess: boolean;
  /** Those in force, other ones until conflist and bridge have followed. */
  readonly current: { readonly podCIDRs: PodCIDRs } | undefined;
}

export interface RoutesWanted {
  /** Undefined: what is offered stays as it is, for it cannot be said what shall be. */
  readonly routes: readonly Prefix[] | undefined;
  readonly conditions: readonly Condition[];
}

export function routesToAdvertise(assignment: AdvertisedAssignment | undefined, tailnet: Tailnet): RoutesWanted {
  const current = assignment?.current?.podCIDRs;
  if (assignment === undefined || current?.equals(assignment.podCIDRs) !== true) {
    return { routes: undefined, conditions: [] };
  }
  const all = assignment.podCIDRs.list;
  if (!assignment.isGuess) return { routes: all, conditions: [] };
  // Without a network map nobody knows who has it.
  if (!("self" in tailnet)) return { routes: undefined, conditions: [] };
  const served = tailnet.peers.flatMap(({ name, primaryRoutes }) => primaryRoutes.map((route) => ({ name, route })));
  const taken = all.flatMap((podCIDR) => {
    // An exit node's default route is no claim to addresses.
    const holder = served.find(({ route }) => route.bits > 0 && route.overlaps(podCIDR));
    return holder === undefined ? [] : [{ podCIDR, route: holder.route, node: holder.name }];
  });
  const [first] = taken;
  return {
    routes: all.filter((podCIDR) => !taken.some((one) => one.podCIDR === podCIDR)),
    conditions: first === undefined ? [] : [condition("GuessedPodCIDRServed", first)],
  };
}
