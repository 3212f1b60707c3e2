// What can be wrong with who has this node's PodCIDRs, and with a claim to guessed ones. Pure.

import { type Condition, conditionsOf, kind } from "../agent/conditions.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { ClaimConflict } from "./claim-conflicts.ts";
import type { Claim } from "./next-claim.ts";

interface Contested {
  readonly podCIDRs: PodCIDRs;
  readonly conflicts: readonly ClaimConflict[];
}

/** A guess that meets another node's range is given up within seconds. */
const yieldingMs = 5000;
/** Two guesses that meet take some rounds. */
const roundsMs = 20_000;

export const claimsConditions = {
  AssignedPodCIDRContested: kind<Contested>({
    severity: "error",
    title: "Another node has the PodCIDR that was assigned to this one",
    impactsConnectivity: false,
    visibleAfterMs: yieldingMs,
    text: ({ podCIDRs, conflicts }) =>
      `${podCIDRs} is assigned to this node, and ${list(conflicts)}. Other nodes reach the pods of one of the two only. Both keep it: give one ` +
      "of them another (network.podCIDR.nodeLocal), or take the node that is no longer used out of the control server",
  }),
  PodCIDRClaimContested: kind<Contested & { readonly pods: number }>({
    severity: "error",
    title: "Another node has the PodCIDR this node guessed, and pods hold it here",
    impactsConnectivity: false,
    text: ({ podCIDRs, conflicts, pods }) =>
      `${podCIDRs} is used by ${pods} ${pods === 1 ? "pod" : "pods"} of this node, and ${list(conflicts)}. Nothing assigned it to this node, so ` +
      "it is not offered to the tailnet any more, and its pods are reached on this node alone. Drain the node (kubectl drain): without pods " +
      "it takes another by itself; or set network.podCIDR.nodeLocal to a range of its own",
  }),
  PodCIDRClaimShared: kind<Contested>({
    severity: "warning",
    title: "Pods of another node have addresses of this node's PodCIDR",
    impactsConnectivity: false,
    visibleAfterMs: yieldingMs,
    text: ({ podCIDRs, conflicts }) =>
      `This node serves ${podCIDRs}, and ${list(conflicts)}. What is meant for pods there comes to this node. Look at headcni status there`,
  }),
  NoPodCIDRLeft: kind<Contested>({
    severity: "error",
    title: "All blocks of the cluster's range are taken",
    impactsConnectivity: true,
    visibleAfterMs: roundsMs,
    text: ({ podCIDRs, conflicts }) =>
      `This node found no block that is free: of ${podCIDRs}, ${list(conflicts)}. Write a larger range (network.podCIDR.base), or take nodes ` +
      "that are no longer used out of the control server",
  }),
  PodCIDRClaimUnheard: kind<{ readonly podCIDRs: PodCIDRs; readonly why: string }>({
    severity: "warning",
    title: "The tailnet was not asked whether this node's PodCIDR is free",
    impactsConnectivity: false,
    dependsOn: [
      "TailscaledAbsent",
      "TailscaleCallRefused",
      "TailscaleStopped",
      "TailscaleNeedsLogin",
      "TailscaleControlUnreachable",
    ],
    text: ({ podCIDRs, why }) =>
      `Nothing assigned ${podCIDRs} to this node, and no tailnet came within the time there was: ${why}. Pods start with it and are reached ` +
      "on this node alone; it is offered to the tailnet once that is there and no other node has it",
  }),
  ClaimsNotRemembered: kind<{ readonly why: string }>({
    severity: "warning",
    title: "What other nodes have cannot be remembered",
    impactsConnectivity: false,
    text: ({ why }) =>
      `After a restart this node may guess a block of a node that is away: ${why}. Make the folder writable`,
  }),
} as const;

export const condition = conditionsOf(claimsConditions);

export interface ClaimConditionsInput {
  readonly claim: Claim;
  readonly pods: number;
  /** Why there is no network map; undefined when there is one. */
  readonly why: string | undefined;
}

export function claimConditions({ claim, pods, why }: ClaimConditionsInput): readonly Condition[] {
  const { phase, podCIDRs, conflicts } = claim;
  switch (phase) {
    case "contested":
    case "withdrawn":
      return [condition("PodCIDRClaimContested", { podCIDRs, conflicts, pods })];
    case "moving":
      return [condition("NoPodCIDRLeft", { podCIDRs, conflicts })];
    case "local":
      return [condition("PodCIDRClaimUnheard", { podCIDRs, why: why ?? "it comes just now" })];
    case "claiming":
    case "provisional":
    case "won":
      return conflicts.length === 0 ? [] : [condition("PodCIDRClaimShared", { podCIDRs, conflicts })];
    default:
      return [];
  }
}

const words: Readonly<Record<ClaimConflict["does"], string>> = {
  serves: "serves",
  offers: "offers",
  offered: "had to withdraw",
};

/** The first three, and how many more there are. */
function list(conflicts: readonly ClaimConflict[]): string {
  const said = conflicts.slice(0, 3).map(({ name, does, route }) => `${name} ${words[does]} ${route}`);
  const more = conflicts.length > 3 ? [`${conflicts.length - 3} more do likewise`] : [];
  return [...said, ...more].join(", ") || "others have them";
}
