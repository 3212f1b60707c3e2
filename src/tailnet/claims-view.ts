// Claims to PodCIDRs, as agents tell each other of them: what this node has laid claim to, and what of the cluster's range others have.
// Pure types.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";

/** What follows on this node from where its claim to guessed PodCIDRs stands. */
export interface ClaimEffects {
  readonly podCIDRs: PodCIDRs;
  /** Whether they are offered to the tailnet; undefined: what is offered stays as it is. */
  readonly isAdvertised: boolean | undefined;
  /** Whether the kernel holds their gateway addresses and leads them to this node's pods. */
  readonly holdsGateway: boolean;
  /** Whether a conflist with them may be written where there is none. */
  readonly startsPods: boolean;
  /** Whether no other block is to be guessed. */
  readonly isKept: boolean;
  /** Whether a packet has proven that they are this node's alone. */
  readonly isWon: boolean;
}

/** What the claims agent tells the others. */
export interface ClaimsView {
  /** The claim to guessed PodCIDRs; undefined: there is none, for they are assigned or there is no tailnet. */
  readonly claim: ClaimEffects | undefined;
  /** What a guess passes over. */
  readonly taken: readonly TakenRange[];
  /** Whether something hangs on what other nodes offer just now. */
  readonly isProbing: boolean;
}

/** A range that another node of the tailnet has, or had when it was last seen. */
export interface TakenRange {
  readonly range: Prefix;
  readonly node: string;
  /** Whether that node has been away for so long that its range is free where no other is. */
  readonly isStale: boolean;
}
