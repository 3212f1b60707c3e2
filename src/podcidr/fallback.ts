// Levels 4 and 5: a block by the node's name, and the default. Neither was assigned to this node by anybody, so neither is
// authoritative.

import { aggregate } from "../cidr/aggregate.ts";
import { whyTooBroad } from "../cidr/breadth.ts";
import { firstOfEachFamily, type PodCIDRs, parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { type Prefix, parsePrefix, subnetAt, subnetCount } from "../cidr/prefix.ts";
import type { LoadedConfig } from "../config/config.ts";
import { ConfigError, type ConfigIssue } from "../sys/errors.ts";
import type { ClusterFacts, ClusterRange } from "./cluster-facts.ts";
import { blockCount, type HashBase, hashBlocks } from "./hash.ts";
import { issueAt, nodeLocalKey } from "./operator.ts";
import { otherNodes, ownerOf } from "./other-nodes.ts";
import { forbiddenRanges } from "./usable.ts";

/** The last resort: one node alone is right with it. */
export const defaultPodCIDRs = parsePodCIDRs("10.244.0.0/24");
const defaultRange = parsePrefix("10.244.0.0/16");

export type HashAnswer =
  | {
      readonly kind: "value";
      readonly podCIDRs: PodCIDRs;
      readonly file: string | undefined;
      readonly line: number | undefined;
      readonly reason: string;
      readonly warnings: readonly string[];
    }
  | { readonly kind: "none"; readonly reason: string; readonly warnings: readonly string[] };

/**
 * Level 4.
 * @throws ConfigError HC_PODCIDR_CONFIG when the range the operator wrote has no room for a node's block.
 */
export function hashAnswer(loaded: LoadedConfig, nodeName: string, facts: ClusterFacts): HashAnswer {
  const warnings: string[] = [];
  if (facts.cluster.length === 0) return { kind: "none", reason: "nothing says the cluster CIDR", warnings };
  const faults = baseFaults(loaded, facts);
  if (faults.length > 0) {
    throw new ConfigError("HC_PODCIDR_CONFIG", "Cannot take this node's PodCIDR from network.podCIDR.base", faults);
  }
  const bases: { readonly range: ClusterRange; readonly base: HashBase }[] = [];
  for (const range of facts.cluster) {
    const bits = blockLength(loaded, facts, range.prefix);
    const fault = whyNoRoom(range.prefix, bits, facts.serviceCIDRs);
    if (fault === undefined) bases.push({ range, base: { base: range.prefix, bits } });
    else warnings.push(`${describe(range)} ${fault.why}`);
  }
  const [first] = bases;
  const hashBases = bases.map(({ base }) => base);
  if (first === undefined) return { kind: "none", reason: warnings.at(-1) ?? "", warnings };
  const others = otherNodes(loaded, nodeName);
  const podCIDRs = firstOfEachFamily(freeBlocks(nodeName, hashBases, facts, others) ?? []);
  if (podCIDRs === undefined) return noneLeft(loaded, { range: first.range, isTaken: others.length > 0, warnings });
  const own = freeBlocks(nodeName, hashBases, facts) ?? [];
  const owner = own.flatMap((block) => ownerOf(others, block) ?? [])[0];
  const passedOver =
    owner === undefined ? "" : `; ${own.join(", ")} was passed over: ${nodeLocalKey} gives it to ${owner}`;
  const count = blockCount(hashBases);
  if (count === 1n) warnings.push(`${describe(first.range)} has room for one node only`);
  const { file, line } = first.range;
  const reason = `one of ${count} blocks of ${hashBases.map(({ base, bits }) => `${base} in /${bits}`).join(" and ")}, by ${first.range.by}${passedOver}`;
  return { kind: "value", podCIDRs, file, line, reason, warnings };
}

/** Why the range the operator wrote gives no node a block: what level 4 refuses, for checking a file before. */
export function baseFaults(loaded: LoadedConfig, facts: ClusterFacts): readonly ConfigIssue[] {
  const ranges = facts.cluster.filter(({ isConfigured }) => isConfigured);
  const issue = ({ prefix, by }: ClusterRange, { why, remedy }: Fault): ConfigIssue =>
    issueAt(loaded, by, `${prefix} ${why}; ${remedy}`);
  const bases = ranges.map(({ prefix }) => ({ base: prefix, bits: blockLength(loaded, facts, prefix) }));
  const faults = ranges.flatMap((range, at) => {
    const fault = whyNoRoom(range.prefix, bases[at]?.bits ?? 0, facts.serviceCIDRs);
    return fault === undefined ? [] : [issue(range, fault)];
  });
  const [first] = ranges;
  if (first === undefined || faults.length > 0) return faults;
  // Every name is led to a block that is free, so any name tells whether there is one.
  return freeBlocks("", bases, facts) === undefined ? [issue(first, allTaken)] : [];
}

function freeBlocks(
  nodeName: string,
  bases: readonly HashBase[],
  { serviceCIDRs }: ClusterFacts,
  others: OtherNodes = [],
) {
  return hashBlocks(nodeName, bases, [...forbiddenRanges, ...serviceCIDRs, ...rangesOf(others)]);
}

type OtherNodes = ReturnType<typeof otherNodes>;

/** Few, so that each block is not held against every node of a large cluster. */
function rangesOf(others: OtherNodes): readonly Prefix[] {
  return aggregate(others.flatMap(([, podCIDRs]) => podCIDRs.list));
}

interface NoneLeft {
  readonly range: ClusterRange;
  /** Whether other nodes have entries. */
  readonly isTaken: boolean;
  readonly warnings: readonly string[];
}

/** @throws ConfigError HC_PODCIDR_CONFIG when the configuration gives all of its own base to other nodes. */
function noneLeft(loaded: LoadedConfig, { range, isTaken, warnings }: NoneLeft): HashAnswer {
  const why = isTaken ? `has no block that ${nodeLocalKey} gives to no other node` : allTaken.why;
  if (range.isConfigured) {
    const remedy = `give this node an entry in ${nodeLocalKey}, or write a larger range`;
    const issue = issueAt(loaded, range.by, `${range.prefix} ${why}; ${remedy}`);
    throw new ConfigError("HC_PODCIDR_CONFIG", "Cannot take this node's PodCIDR from network.podCIDR.base", [issue]);
  }
  return { kind: "none", reason: `${describe(range)} ${why}`, warnings };
}

/**
 * Level 5: 10.244.0.0/24, or the first /24 behind it that is given to no other node.
 * @throws ConfigError HC_PODCIDR_CONFIG when none is left.
 */
export function defaultAnswer(loaded: LoadedConfig, nodeName: string): { podCIDRs: PodCIDRs; reason?: string } {
  const others = otherNodes(loaded, nodeName);
  const taken = rangesOf(others);
  for (let index = 0n; index < subnetCount(defaultRange, 24); index++) {
    const block = subnetAt(defaultRange, 24, index);
    if (taken.some((range) => range.overlaps(block))) continue;
    if (index === 0n) return { podCIDRs: defaultPodCIDRs };
    const owner = defaultPodCIDRs.list.flatMap((prefix) => ownerOf(others, prefix) ?? [])[0];
    const reason = `${defaultPodCIDRs} was passed over: ${nodeLocalKey} gives it to ${owner}`;
    return { podCIDRs: firstOfEachFamily([block]) ?? defaultPodCIDRs, reason };
  }
  const issue = issueAt(
    loaded,
    nodeLocalKey,
    `has no entry for node "${nodeName}", and gives all of ${defaultRange} to others`,
  );
  throw new ConfigError("HC_PODCIDR_CONFIG", "Cannot find a PodCIDR for this node", [issue], {
    hint: `give this node an entry of its own in ${nodeLocalKey}`,
  });
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

/** What is wrong with a range, and what to do about it. */
interface Fault {
  readonly why: string;
  readonly remedy: string;
}

const anotherRange = "write another range, for example 10.244.0.0/16";
const allTaken: Fault = { why: "has no block that is free of the service CIDR", remedy: anotherRange };

function whyNoRoom(base: Prefix, bits: number, serviceCIDRs: readonly Prefix[]): Fault | undefined {
  const broad = whyTooBroad(base);
  if (broad !== undefined) return { why: broad, remedy: anotherRange };
  if (bits < base.bits) {
    const larger = base.family === "ipv4" ? "10.244.0.0/16" : "fd00:10:244::/48";
    const longest = base.family === "ipv4" ? 30 : 126;
    const split = base.bits < longest ? `, or set network.podCIDR.perNode to a length over /${base.bits}` : "";
    return {
      why: `has no room for a node's block of /${bits}`,
      remedy: `write a larger range, for example ${larger}${split}`,
    };
  }
  const inside = forbiddenRanges.find((range) => range.contains(base));
  if (inside !== undefined) return { why: `lies in ${inside}, where no pod can have an address`, remedy: anotherRange };
  const service = serviceCIDRs.find((range) => range.contains(base));
  if (service === undefined) return undefined;
  return {
    why: `lies in the service CIDR ${service}`,
    remedy: "write a range beside it: pods and services need their own",
  };
}

function describe({ prefix, by, file, line }: ClusterRange): string {
  const where = file === undefined ? "" : ` in ${file}${line === undefined ? "" : `:${line}`}`;
  return `The cluster CIDR ${prefix} (${by}${where})`;
}
