// HeadCNI's own nftables table as a value: what its chains do to source addresses and which networks its sets hold; rendered for
// `nft -f`. Pure.

import type { Family } from "../../cidr/addr.ts";
import { outermost } from "../../cidr/aggregate.ts";
import type { PodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { Prefix } from "../../cidr/prefix.ts";
import { bridgeName } from "../../node-state/names.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import { tailnetRangeOf } from "../../tailnet/ranges.ts";

/** The table that is HeadCNI's alone: whatever is in it is ours to replace, nothing outside it is. */
export const tableName = "inet headcni";
/** The chain that keeps pods' addresses on the tailnet. */
export const keepSourceChain = "keepsource";
const masqueradeChain = "postrouting";

export interface NftChain {
  readonly name: string;
  /** Of a nat chain at postrouting; srcnat is 100. */
  readonly priority: number;
  readonly rules: readonly string[];
}

export interface NftSet {
  readonly name: string;
  readonly family: Family;
  /** In order, none inside another. */
  readonly networks: readonly Prefix[];
}

export interface NftTable {
  readonly chains: readonly NftChain[];
  readonly sets: readonly NftSet[];
  /** The comment of every rule, by which a listing is compared: a hash over chains and sets, elements left out. */
  readonly mark: string;
}

export interface NftTableInput {
  /** This node's. */
  readonly podCIDRs: PodCIDRs;
  /** The cluster's CIDRs, as far as they are known. */
  readonly clusterCIDRs: readonly Prefix[];
  /** The other nodes' PodCIDRs; undefined: there is no tailnet to keep sources on. */
  readonly peers: readonly Prefix[] | undefined;
  /** tailscaled's device. */
  readonly tailnetDevice: string;
  /** Whether the daemon rewrites the source of what pods send out of the cluster. */
  readonly isMasquerading: boolean;
}

const words = {
  ipv4: { suffix: "4", keyword: "ip", type: "ipv4_addr", tailnet: `${tailnetRangeOf.ipv4}`, multicast: "224.0.0.0/4" },
  ipv6: { suffix: "6", keyword: "ip6", type: "ipv6_addr", tailnet: `${tailnetRangeOf.ipv6}`, multicast: "ff00::/8" },
} as const;

/** The name in nftables of a set's type. */
export const setType = (family: Family): string => words[family].type;

/** The table for this node; undefined when it needs none. */
export function planTable(input: NftTableInput): NftTable | undefined {
  const { podCIDRs, clusterCIDRs, peers, tailnetDevice, isMasquerading } = input;
  const families = podCIDRs.list.map(({ family }) => family);
  const keepSource = {
    name: keepSourceChain,
    priority: 99,
    rules: families.flatMap((family) => keepSourceRules(family, tailnetDevice)),
  };
  const masquerade = { name: masqueradeChain, priority: 100, rules: families.flatMap(masqueradeRules) };
  const chains = [...(peers === undefined ? [] : [keepSource]), ...(isMasquerading ? [masquerade] : [])];
  if (chains.length === 0) return undefined;
  const own = podCIDRs.list;
  const sets = families.flatMap((family) => [
    toSet("pods", family, [...own, ...(peers ?? [])]),
    toSet("own", family, own),
    toSet("cluster", family, clusterCIDRs),
  ]);
  const shape = [...chains.map((chain) => JSON.stringify(chain)), ...sets.map(({ name }) => name)];
  return { chains, sets, mark: `headcni ${sha256Hex(shape.join("\n")).slice(0, 12)}` };
}

/**
 * A connection that was given its own address as source is settled: no later nat chain is asked, in whichever backend. kube-proxy's
 * mark 0x4000 is left out: what it wants masqueraded comes back to the pod that sent it.
 *
 * The last two are for a peer that tailscaled has a route of and the set not yet: a connection is asked about once, so one that begins
 * in that moment would have the node's address for as long as it lives. They go by tailscaled's device and by its mark on what came
 * through it (0x40000, `ts-forward`), since a network beside the tailnet may lie inside the cluster's CIDR.
 */
function keepSourceRules(family: Family, tailnetDevice: string): string[] {
  const { suffix, keyword, tailnet } = words[family];
  const keep = (source: string, destination: string, only = ""): string =>
    `${only}meta mark & 0x4000 == 0 ${keyword} saddr ${source} ${keyword} daddr ${destination} snat ${keyword} to ${keyword} saddr`;
  const [pods, own, cluster] = [`@pods${suffix}`, `@own${suffix}`, `@cluster${suffix}`];
  return [
    keep(pods, pods),
    keep(tailnet, own),
    keep(own, cluster, `oifname "${tailnetDevice}" `),
    keep(cluster, own, "meta mark & 0xff0000 == 0x40000 "),
  ];
}

/**
 * The first match counts, hence exceptions before the rule. What the node itself sends from its gateway address keeps it: rewritten
 * to the node's tailnet address it would be answered also where the PodCIDR's route is not.
 */
function masqueradeRules(family: Family): string[] {
  const { suffix, keyword, multicast } = words[family];
  const from = `${keyword} saddr @own${suffix}`;
  return [
    `${from} fib saddr type local return`,
    `${from} oifname "${bridgeName}" return`,
    `${from} ${keyword} daddr @pods${suffix} return`,
    `${from} ${keyword} daddr @cluster${suffix} return`,
    `${from} ${keyword} daddr ${multicast} return`,
    `${from} masquerade`,
  ];
}

function toSet(name: string, family: Family, networks: readonly Prefix[]): NftSet {
  const ofFamily = networks.filter((network) => network.family === family);
  return { name: `${name}${words[family].suffix}`, family, networks: outermost(ofFamily) };
}

/** A script for `nft -f` that puts the table there in one transaction, in the place of one that is there: no packet meets half of it. */
export function renderTable({ chains, sets, mark }: NftTable): string {
  return [
    // Declared first: deleting a table that is not there would fail the whole transaction.
    `table ${tableName}`,
    `delete table ${tableName}`,
    `table ${tableName} {`,
    ...sets.flatMap(({ name, family, networks }) => [
      `  set ${name} {`,
      `    type ${words[family].type}; flags interval;`,
      ...(networks.length === 0 ? [] : [`    elements = { ${networks.join(", ")} }`]),
      "  }",
    ]),
    ...chains.flatMap(({ name, priority, rules }) => [
      `  chain ${name} {`,
      `    type nat hook postrouting priority ${priority}; policy accept;`,
      ...rules.map((rule) => `    ${rule} comment "${mark}"`),
      "  }",
    ]),
    "}",
    "",
  ].join("\n");
}
