// Everything a PodCIDR is held against, as one value, and each piece of it as a range with the reason it stands for. Pure.

import { type Prefix, parsePrefix } from "../../cidr/prefix.ts";
import type { TakenRange } from "../../tailnet/claims-view.ts";
import { tailnetRanges } from "../../tailnet/ranges.ts";
import type { OwnNetwork } from "./own-networks.ts";
import { type Candidate, type Verdict, verdict } from "./reasons.ts";

/** A network that a CNI configuration attaches pods to and that is not this node's own. */
export interface ForeignRange {
  readonly range: Prefix;
  /** A tool's, the same on each machine; or that of the network outside, which the node itself may be attached to. */
  readonly whose: "tool" | "wire";
  /** The end of a sentence that begins with the range. */
  readonly why: string;
  readonly file: string;
  readonly line: number | undefined;
}

/** A range of a node other than this one. */
export interface OtherNode {
  readonly name: string;
  /** None where only the node is known. */
  readonly ranges: readonly Prefix[];
  /** What says so: a key of the configuration, a file with its line. */
  readonly by: string;
  /** Whether it can be this node under the other form of its name, short or in full: then only a guess keeps away from it. */
  readonly isPerhapsThis: boolean;
}

/** A cluster's range, and where it is said, in words. */
export interface SaidCluster {
  readonly range: Prefix;
  readonly by: string;
}

export interface Surroundings {
  readonly ownNetworks: readonly OwnNetwork[];
  readonly serviceCIDRs: readonly Prefix[];
  readonly clusterCIDRs: readonly Prefix[];
  /** Those of them that the configuration or a file says: no range is doubtful for what a program has by default. */
  readonly saidClusters: readonly SaidCluster[];
  readonly foreign: readonly ForeignRange[];
  readonly otherNodes: readonly OtherNode[];
  /** What other nodes of the tailnet have. */
  readonly taken: readonly TakenRange[];
}

export const nothingAround: Surroundings = {
  ownNetworks: [],
  serviceCIDRs: [],
  clusterCIDRs: [],
  saidClusters: [],
  foreign: [],
  otherNodes: [],
  taken: [],
};

/** One range others have, and what it makes of a range that overlaps it. */
export interface UsedRange {
  readonly range: Prefix;
  /** @returns undefined when it does not matter to the candidate */
  readonly verdictOn: (candidate: Candidate) => Verdict | undefined;
  /** Whether a guess must live with it where it is around all that could be guessed. */
  readonly isBearable: boolean;
  /** A node of the tailnet has it: at the worst, a guess takes what one has that is long gone, or one that is there. */
  readonly tailnet?: "stale" | "present" | undefined;
}

const reserved: readonly UsedRange[] = [
  ...tailnetRanges.map((range) => always(range, "tailscale-range")),
  ...(
    [
      ["127.0.0.0/8", "the loopback range"],
      ["::1/128", "the loopback address"],
      ["169.254.0.0/16", "the link-local range"],
      ["fe80::/10", "the link-local range"],
      ["224.0.0.0/4", "the multicast range"],
      ["ff00::/8", "the multicast range"],
      ["0.0.0.0/8", "0.0.0.0/8, which no host can have"],
      ["::/128", "the unspecified address"],
      ["240.0.0.0/4", "240.0.0.0/4, which is reserved"],
    ] as const
  ).map(([text, what]) => always(parsePrefix(text), "reserved-range", what)),
];

/** A range that is nobody's. A cluster's that contains it has blocks beside it. */
function always(other: Prefix, code: "tailscale-range" | "reserved-range", what = ""): UsedRange {
  return {
    range: other,
    isBearable: false,
    verdictOn: (candidate) => {
      const { range, by } = candidate;
      if (by === "cluster" && !other.contains(range)) return undefined;
      return code === "tailscale-range"
        ? verdict(code, candidate, { range, other })
        : verdict(code, candidate, { range, other, what });
    },
  };
}

/** Every range in the surroundings, those that are always there first. */
export function usedRanges(around: Surroundings): readonly UsedRange[] {
  const { ownNetworks, serviceCIDRs, foreign, otherNodes, taken } = around;
  return [
    ...reserved,
    ...serviceCIDRs.map(
      (other): UsedRange => ({
        range: other,
        isBearable: false,
        verdictOn: (candidate) => {
          const isAllOfIt = candidate.by === "cluster";
          if (isAllOfIt && !other.contains(candidate.range)) return undefined;
          return verdict("service-range", candidate, { other, isAllOfIt });
        },
      }),
    ),
    ...ownNetworks.map((own) => usedByThisNode(own, around.clusterCIDRs)),
    ...foreign.map(({ range: other, whose, ...said }): UsedRange => {
      const code = whose === "wire" ? "wire-network" : "tool-network";
      return {
        range: other,
        isBearable: false,
        verdictOn: (candidate) => verdict(code, candidate, { range: candidate.range, other, ...said }),
      };
    }),
    ...otherNodes.flatMap(({ name: node, ranges, by, isPerhapsThis }) =>
      ranges.map(
        (other): UsedRange => ({
          range: other,
          isBearable: false,
          verdictOn: (candidate) =>
            isPerhapsThis && candidate.by !== "guess"
              ? undefined
              : verdict("other-node", candidate, { other, node, by }),
        }),
      ),
    ),
    ...taken.map(
      ({ range: other, node, isStale }): UsedRange => ({
        range: other,
        isBearable: true,
        tailnet: isStale ? "stale" : "present",
        verdictOn: (candidate) => verdict("tailnet-node", candidate, { other, node }),
      }),
    ),
  ];
}

function usedByThisNode(own: OwnNetwork, clusterCIDRs: readonly Prefix[]): UsedRange {
  const { range: other } = own;
  switch (own.kind) {
    case "address":
    case "network": {
      const address = own.kind === "address" ? own.address : undefined;
      return {
        range: other,
        isBearable: false,
        verdictOn: (candidate) =>
          address !== undefined && candidate.range.containsAddr(address.addr)
            ? verdict("own-address", candidate, { address, device: own.device })
            : verdict("own-network", candidate, { range: candidate.range, other, device: own.device, address }),
      };
    }
    case "route": {
      const { device, via, isOfCni } = own;
      return {
        range: other,
        isBearable: true,
        verdictOn: (candidate) => {
          const inside = isOfCni ? "earlier-route" : "own-route";
          const code = isInside(candidate.range, other)
            ? "wider-route"
            : isInside(other, candidate.range)
              ? inside
              : "own-route";
          return verdict(code, candidate, { range: candidate.range, other, device, via });
        },
      };
    }
    case "null-route":
      return {
        range: other,
        isBearable: true,
        verdictOn: (candidate) =>
          isInside(candidate.range, other)
            ? undefined
            : verdict("null-route", candidate, { range: candidate.range, other }),
      };
    case "earlier":
      return {
        range: other,
        isBearable: true,
        verdictOn: (candidate) =>
          isMigration(candidate, other, clusterCIDRs)
            ? undefined
            : verdict("earlier-network", candidate, { range: candidate.range, other, device: own.device }),
      };
  }
}

/** Whether what another CNI's device has is what it has on a node with just this range: the range, an address of it, or the whole cluster's. */
function isMigration({ range, by }: Candidate, other: Prefix, clusterCIDRs: readonly Prefix[]): boolean {
  if (by === "guess") return false;
  if (range.equals(other) || (other.size === 1n && range.contains(other))) return true;
  return clusterCIDRs.some((cluster) => other.contains(cluster));
}

/** Whether `other` is wider and holds all of `range`. */
function isInside(range: Prefix, other: Prefix): boolean {
  return other.bits < range.bits && other.contains(range);
}
