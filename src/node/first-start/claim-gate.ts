// A guess that another node may have, too, is written on a node that HeadCNI has never seen only once the claim to it says so. Where
// there is no tailnet there is nothing to wait for.

import { type Condition, conditionsOf, kind } from "../../agent/conditions.ts";
import type { PodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { Config } from "../../config/config.ts";
import { type Assignment, isGuess } from "../../podcidr/answer.ts";
import type { Files } from "../../sys/fs/files.ts";
import type { ClaimsView } from "../../tailnet/claims-view.ts";
import { isOnTailnet } from "../../tailscale/expected.ts";

export const claimGateConditions = {
  PodCIDRAwaitsClaim: kind<{ readonly podCIDRs: PodCIDRs; readonly timeoutMs: number }>({
    severity: "error",
    title: "The PodCIDR this node guessed is not known to be free yet",
    impactsConnectivity: true,
    text: ({ podCIDRs, timeoutMs }) =>
      `Nothing assigned ${podCIDRs} to this node, so the CNI configuration is not written until other nodes of the tailnet have not ` +
      `contradicted: a running daemon waits ${timeoutMs / 1000} s for that at most (network.podCIDR.claim.timeout), --once does not wait. ` +
      "Set network.podCIDR.nodeLocal or NODE_POD_CIDR to assign one",
  }),
} as const;

const condition = conditionsOf(claimGateConditions);

export interface ClaimGateInput {
  readonly config: Config;
  /** The one in force; undefined on a node HeadCNI has never seen. */
  readonly current: Assignment | undefined;
  readonly effective: Assignment;
  readonly claims: ClaimsView | undefined;
}

/** Why a conflist is not to be written yet; undefined when it is. */
export function awaitedClaim(files: Files, input: ClaimGateInput): Condition | undefined {
  const { config, current, effective, claims } = input;
  if (current !== undefined || !isGuess(effective.source) || !isOnTailnet(files, config.tailscale)) return undefined;
  const { podCIDRs } = effective;
  const claim = claims?.claim;
  if (claim?.startsPods === true && claim.podCIDRs.equals(podCIDRs)) return undefined;
  return condition("PodCIDRAwaitsClaim", { podCIDRs, timeoutMs: config.network.podCIDR.claim.timeoutMs });
}
