// What the kernel shall hold for this node's pods: from assignment, settings and the tailnet's peers to table, rules, firewall and
// bridge. Pure: carried out, it plans nothing more.

import type { Family } from "../cidr/addr.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { Masquerade } from "../config/config.ts";
import type { WantedBridge } from "./gateway.ts";
import { type IpRule, planIpRules } from "./ip-rules.ts";
import { type NftTable, planTable } from "./nft/nft-table.ts";
import { listedPeers, type TableListing } from "./nft/table-listing.ts";

/** What the dataplane reads of a node's assignment. */
export interface NodeRanges {
  readonly podCIDRs: PodCIDRs;
  /** At most one of a family; empty when nothing says them. */
  readonly clusterCIDRs: readonly Prefix[];
  /** Whether nothing assigned the PodCIDRs. */
  readonly isGuess: boolean;
  /** What conflist and bridge have; undefined on a node HeadCNI has never seen, until they have followed. */
  readonly current: { readonly podCIDRs: PodCIDRs } | undefined;
}

/**
 * The tailnet as far as pods go. `unused`: the configuration wants none. `unknown`: none has been seen yet and none is expected, so
 * nothing is put in place for it, and what an earlier daemon left stays.
 */
export type PodTailnet =
  | { readonly kind: "unused" | "unknown" }
  | { readonly kind: "used"; readonly peers: readonly Prefix[] };

export interface PlanInput {
  readonly ranges: NodeRanges;
  readonly serviceCIDRs: readonly Prefix[];
  readonly masquerade: Masquerade;
  readonly mtuBytes: number;
  readonly tailnet: PodTailnet;
  /** tailscaled's device. */
  readonly tailnetDevice: string;
  /** Whether another node has this node's PodCIDRs and they are given up. */
  readonly isGivenUp: boolean;
}

export interface DataplanePlan {
  /** Of this node's PodCIDRs. */
  readonly families: readonly Family[];
  readonly table: NftTable | undefined;
  readonly ipRules: readonly IpRule[];
  /** Whether forwarded packets of pods shall pass the host's firewall. */
  readonly acceptsForward: boolean;
  readonly bridge: WantedBridge | undefined;
  /** PodCIDRs whose gateway addresses shall be gone. */
  readonly givenUp: PodCIDRs | undefined;
  /** The cluster's CIDRs that are left open, since Services have addresses in them. */
  readonly open: readonly Prefix[];
}

export interface KnownPeers {
  readonly isEnabled: boolean;
  /** Whether there will be one: what pods need is there before the network map then. */
  readonly isExpected: boolean;
  /** An earlier daemon's table. */
  readonly listing: TableListing | undefined;
  /** What was on disk of them. */
  readonly remembered: readonly Prefix[] | undefined;
}

/** An earlier daemon's table tells which peers there were, or, after a reboot, the disk, until the tailnet does. */
export function tailnetOf(
  peers: readonly Prefix[] | undefined,
  { isEnabled, isExpected, listing, remembered }: KnownPeers,
): PodTailnet {
  if (!isEnabled) return { kind: "unused" };
  const known = peers ?? (listing === undefined ? undefined : listedPeers(listing)) ?? remembered;
  if (known === undefined && isExpected) return { kind: "used", peers: [] };
  return known === undefined ? { kind: "unknown" } : { kind: "used", peers: known };
}

export function planDataplane(input: PlanInput): DataplanePlan {
  const { ranges, serviceCIDRs, masquerade, mtuBytes, tailnet, tailnetDevice, isGivenUp } = input;
  const { podCIDRs, clusterCIDRs } = ranges;
  const isUsed = tailnet.kind === "used";
  const peers = isUsed ? tailnet.peers : undefined;
  const isMasquerading = masquerade === "daemon";
  // A Service's address is translated after it was routed: the host's own way to one must not end in a blackhole.
  const open = clusterCIDRs.filter((cluster) => serviceCIDRs.some((service) => service.overlaps(cluster)));
  const closed = clusterCIDRs.filter((cluster) => !open.includes(cluster));
  return {
    families: podCIDRs.list.map(({ family }) => family),
    table: planTable({ podCIDRs, clusterCIDRs, peers, tailnetDevice, isMasquerading }),
    ipRules: isUsed ? planIpRules({ podCIDRs: isGivenUp ? [] : podCIDRs, clusterCIDRs: closed }) : [],
    acceptsForward: isUsed,
    bridge: isUsed && mayHaveBridge(ranges) && !isGivenUp ? { podCIDRs, mtuBytes } : undefined,
    givenUp: isGivenUp ? podCIDRs : undefined,
    open: isUsed ? open : [],
  };
}

/**
 * With the PodCIDRs in force, and before on a node that has none yet: a bridge that comes while tailscaled logs in makes it connect anew.
 * Other PodCIDRs in force have their bridge until the conflist has followed, and a guess may turn out to be another node's.
 */
function mayHaveBridge({ podCIDRs, isGuess, current }: NodeRanges): boolean {
  return current === undefined ? !isGuess : current.podCIDRs.equals(podCIDRs);
}
