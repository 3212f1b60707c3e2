// Which PodCIDRs are offered to the tailnet: assigned ones that are in force, and guessed ones as the claim to them says. Pure.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { ClaimEffects } from "../tailnet/claims-view.ts";

/** The node's PodCIDRs, as its agent publishes them. */
export interface AdvertisedAssignment {
  /** The adopted ones. */
  readonly podCIDRs: PodCIDRs;
  /** Whether nothing assigned them. */
  readonly isGuess: boolean;
  /** Those in force, other ones until conflist and bridge have followed. */
  readonly current: { readonly podCIDRs: PodCIDRs } | undefined;
}

/** Whether conflist and bridge have the PodCIDRs that the node shall have. */
export function isInForce(assignment: AdvertisedAssignment | undefined): boolean {
  return assignment?.current?.podCIDRs.equals(assignment.podCIDRs) === true;
}

/** Undefined: what is offered stays as it is, for it cannot be said what shall be. */
export function routesToAdvertise(
  assignment: AdvertisedAssignment | undefined,
  claim: ClaimEffects | undefined,
): readonly Prefix[] | undefined {
  if (assignment === undefined) return undefined;
  const { podCIDRs, isGuess } = assignment;
  if (!isGuess) return isInForce(assignment) ? podCIDRs.list : undefined;
  if (claim?.podCIDRs.equals(podCIDRs) !== true || claim.isAdvertised === undefined) return undefined;
  return claim.isAdvertised ? podCIDRs.list : [];
}
