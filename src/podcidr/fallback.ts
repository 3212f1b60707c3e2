// Levels 4 and 5: a block by the node's name, and the default. Neither was assigned to this node by anybody, so neither is
// authoritative.

import { type Prefix, parsePrefix } from "../cidr/prefix.ts";
import type { LoadedConfig } from "../config/config.ts";
import { ConfigError } from "../sys/errors.ts";
import type { ClusterFacts, ClusterRange } from "./cluster-facts.ts";
import { blockCount, type HashBase, hashBlocks } from "./hash.ts";
import { forbiddenRanges } from "./values.ts";

/** The last resort: one node alone is right with it. */
export const defaultPodCIDR = parsePrefix("10.244.0.0/24");

export type HashAnswer =
  | {
      readonly podCIDRs: readonly Prefix[];
      readonly file: string | undefined;
      readonly line: number | undefined;
      readonly reason: string;
      readonly warnings: readonly string[];
    }
  | { readonly podCIDRs: undefined; readonly reason: string; readonly warnings: readonly string[] };

/**
 * Level 4.
 * @throws ConfigError HC_PODCIDR_CONFIG when the range the operator wrote has no room for a node's block.
 */
export function hashAnswer(loaded: LoadedConfig, nodeName: string, facts: ClusterFacts): HashAnswer {
  const warnings: string[] = [];
  if (facts.cluster.length === 0) return { podCIDRs: undefined, reason: "nothing says the cluster CIDR", warnings };
  const bases: { readonly range: ClusterRange; readonly base: HashBase }[] = [];
  for (const range of facts.cluster) {
    const bits = blockLength(loaded, facts, range.prefix);
    const why = whyNoRoom(range.prefix, bits, facts.serviceCIDRs);
    if (why === undefined) bases.push({ range, base: { base: range.prefix, bits } });
    else if (range.isConfigured) throw noRoom(range, why);
    else warnings.push(`${describe(range)} ${why}`);
  }
  const [first] = bases;
  const hashBases = bases.map(({ base }) => base);
  const blocks = hashBlocks(nodeName, hashBases, [...forbiddenRanges, ...facts.serviceCIDRs]);
  if (first === undefined) return { podCIDRs: undefined, reason: warnings.at(-1) ?? "", warnings };
  if (blocks === undefined) {
    const why = "has no block that is free of the service CIDR";
    if (first.range.isConfigured) throw noRoom(first.range, why);
    return { podCIDRs: undefined, reason: `${describe(first.range)} ${why}`, warnings };
  }
  const count = blockCount(hashBases);
  if (count === 1n) warnings.push(`${describe(first.range)} has room for one node only`);
  const { file, line } = first.range;
  const reason = `one of ${count} blocks of ${hashBases.map(({ base, bits }) => `${base} in /${bits}`).join(" and ")}, by ${first.range.by}`;
  return { podCIDRs: blocks, file, line, reason, warnings };
}

/**
 * Length of a node's block: `perNode`, else what the files say, else /24; for IPv6 /64, or longer by eight than a
 * base that a /64 would not divide.
 */
function blockLength(loaded: LoadedConfig, facts: ClusterFacts, base: Prefix): number {
  const said = loaded.config.network.podCIDR.perNode[base.family] ?? facts.nodeMask[base.family];
  if (said !== undefined) return said;
  return base.family === "ipv4" ? 24 : Math.min(126, Math.max(64, base.bits + 8));
}

function whyNoRoom(base: Prefix, bits: number, serviceCIDRs: readonly Prefix[]): string | undefined {
  if (bits < base.bits) return `has no room for a node's block of /${bits}`;
  const inside = forbiddenRanges.find((range) => range.contains(base));
  if (inside !== undefined) return `lies in ${inside}, where no pod can have an address`;
  const service = serviceCIDRs.find((range) => range.contains(base));
  return service === undefined ? undefined : `lies in the service CIDR ${service}`;
}

function noRoom(range: ClusterRange, why: string): ConfigError {
  const issue = { path: "network.podCIDR.base", message: `${range.prefix} ${why}`, file: range.file, line: range.line };
  return new ConfigError("HC_PODCIDR_CONFIG", "Cannot take this node's PodCIDR from network.podCIDR.base", [issue], {
    hint: "set network.podCIDR.perNode to a longer prefix than the base has, or correct the base",
  });
}

function describe({ prefix, by, file, line }: ClusterRange): string {
  const where = file === undefined ? "" : ` in ${file}${line === undefined ? "" : `:${line}`}`;
  return `The cluster CIDR ${prefix} (${by}${where})`;
}
