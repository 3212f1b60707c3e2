// What HeadCNI does to source addresses itself, when `network.masquerade` is `daemon`: one nftables table of its own that rewrites
// what pods send out of the cluster. Pure: the rules as text, and whether a listing still holds them.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { bridgeName } from "../node-state/names.ts";
import { sha256Hex } from "../sys/fs/sha256.ts";

/** The table that is HeadCNI's alone: whatever is in it is ours to replace, nothing outside it is. */
export const masqueradeTable = "inet headcni";

export interface MasqueradePlan {
  /** Sources to rewrite: this node's PodCIDRs. */
  readonly podCIDRs: PodCIDRs;
  /** Destinations that keep the pod's address: the cluster's CIDRs, as far as they are known. */
  readonly clusterCIDRs: readonly Prefix[];
}

/** A script for `nft -f` and the mark every rule in it carries, by which a listing is compared. */
export interface MasqueradeRules {
  readonly script: string;
  readonly mark: string;
  readonly ruleCount: number;
}

const multicast = { ipv4: "224.0.0.0/4", ipv6: "ff00::/8" } as const;
const keyword = { ipv4: "ip", ipv6: "ip6" } as const;

/**
 * The rules for one plan. The script replaces the table in one transaction, so no packet meets half of it; connections that are
 * already tracked keep their translation. nftables picks the first match, hence exceptions before the rule.
 */
export function renderMasquerade(plan: MasqueradePlan): MasqueradeRules {
  const bodies = plan.podCIDRs.list.flatMap((podCIDR) => rulesFor(podCIDR, plan.clusterCIDRs));
  const mark = `headcni ${sha256Hex(bodies.join("\n")).slice(0, 12)}`;
  const script = [
    // Declared first: deleting a table that is not there would fail the whole transaction.
    `table ${masqueradeTable}`,
    `delete table ${masqueradeTable}`,
    `table ${masqueradeTable} {`,
    "  chain postrouting {",
    "    type nat hook postrouting priority 100; policy accept;",
    ...bodies.map((body) => `    ${body} comment "${mark}"`),
    "  }",
    "}",
    "",
  ].join("\n");
  return { script, mark, ruleCount: bodies.length };
}

function rulesFor(podCIDR: Prefix, clusterCIDRs: readonly Prefix[]): string[] {
  const family = keyword[podCIDR.family];
  const from = `${family} saddr ${podCIDR.masked()}`;
  const kept = [podCIDR, ...clusterCIDRs]
    .filter((prefix) => prefix.family === podCIDR.family)
    .map((prefix) => prefix.masked())
    // One inside another is dropped, so that the same cluster always gives the same text.
    .filter(
      (prefix, index, all) =>
        !all.some((other, at) => isCovered(prefix, other) && (at < index || !isCovered(other, prefix))),
    )
    .toSorted((a, b) => a.compare(b));
  return [
    `${from} oifname "${bridgeName}" return`,
    ...[...kept.map(String), multicast[podCIDR.family]].map((to) => `${from} ${family} daddr ${to} return`),
    `${from} masquerade`,
  ];
}

function isCovered(prefix: Prefix, by: Prefix): boolean {
  return by.contains(prefix);
}

/**
 * Whether the text of `nft list table` holds exactly the rules that carry `mark`. A rule that was taken out, put in or
 * replaced changes the marks; comparing the rules' own text would stumble over each nft version's spelling.
 */
export function holdsMasquerade(listing: string, rules: MasqueradeRules): boolean {
  const lines = listing
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && line !== "}" && !/^(table|chain) .*\{$/.test(line));
  const [hook, ...rest] = lines;
  return (
    hook !== undefined &&
    /^type nat hook postrouting priority \S+; policy accept;$/.test(hook) &&
    rest.length === rules.ruleCount &&
    rest.every((line) => line.endsWith(`comment "${rules.mark}"`))
  );
}
