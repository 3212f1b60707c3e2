// Levels 4 and 5: a block by the node's name, and the default. Nothing assigned either to this node, so neither is authoritative, and
// each passes over what is not free.

import { firstOfEachFamily, type PodCIDRs, parsePodCIDRs } from "../../cidr/pod-cidrs.ts";
import { type Prefix, parsePrefix } from "../../cidr/prefix.ts";
import { issueAt, type LoadedConfig, nodeLocalKey } from "../../config/config.ts";
import { ConfigError, type ConfigIssue } from "../../sys/errors.ts";
import { type ClusterFacts, type ClusterRange, describeSource } from "../cluster-facts.ts";
import type { Verdict } from "../validation/reasons.ts";
import { ofEffect, passedOverIn, sentencesOf } from "../validation/sentences.ts";
import { type GuessBase, longestBits, type Validator } from "../validation/validator.ts";
import { type ChooseOptions, chooseBlocks } from "./choose-blocks.ts";
import { blockCount, fnv1a64, hashBlocks } from "./hash.ts";

/** The last resort: one node alone is right with it. */
export const defaultPodCIDRs = parsePodCIDRs("10.244.0.0/24");
const defaultBase: GuessBase = { base: parsePrefix("10.244.0.0/16"), bits: 24 };

interface GuessValue {
  readonly kind: "value";
  readonly podCIDRs: PodCIDRs;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly reason?: string | undefined;
}

/** A level that has to answer and cannot. */
interface GuessFault {
  readonly kind: "fault";
  readonly error: ConfigError;
}

export type HashAnswer = (GuessValue | GuessFault | { readonly kind: "none"; readonly reason: string }) & {
  readonly warnings: readonly string[];
};

export interface GuessOptions {
  readonly loaded: LoadedConfig;
  readonly nodeName: string;
  readonly validator: Validator;
  /** What was guessed before and stays, where nothing is against it. */
  readonly kept: PodCIDRs | undefined;
}

/** Level 4; a fault HC_PODCIDR_CONFIG when the range the operator wrote has no room for a node's block. */
export function hashAnswer(facts: ClusterFacts, options: GuessOptions): HashAnswer {
  const { loaded, validator } = options;
  const warnings: string[] = [];
  if (facts.cluster.length === 0) return { kind: "none", reason: "nothing says the cluster CIDR", warnings };
  const faults = baseFaults(loaded, facts, validator);
  if (faults.length > 0) return { kind: "fault", error: baseError(faults), warnings };
  const bases: { readonly range: ClusterRange; readonly base: GuessBase }[] = [];
  for (const range of facts.cluster) {
    const bits = blockLength(loaded, facts, range.prefix);
    const fault = whyNoRoom({ base: range.prefix, bits }, validator);
    if (fault === undefined) bases.push({ range, base: { base: range.prefix, bits } });
    else warnings.push(`${describe(range)} ${fault.why}`);
  }
  const [first] = bases;
  const hashBases = bases.map(({ base }) => base);
  if (first === undefined) return { kind: "none", reason: warnings.at(-1) ?? "", warnings };
  const { blocks, passedOver } = guess(hashBases, options);
  const podCIDRs = firstOfEachFamily(blocks ?? []);
  if (podCIDRs === undefined) {
    const { why, remedy } = noneLeft(passedOver);
    if (!first.range.isConfigured) return { kind: "none", reason: `${describe(first.range)} ${why}`, warnings };
    const issue = issueAt(loaded, first.range.by, `${first.range.prefix} ${why}; ${remedy}`);
    return { kind: "fault", error: baseError([issue]), warnings };
  }
  const count = blockCount(hashBases);
  if (count === 1n) warnings.push(`${describe(first.range)} has room for one node only`);
  const { file, line } = first.range;
  const over = hashBases.map(({ base, bits }) => `${base} in /${bits}`).join(" and ");
  const reason = [`one of ${count} blocks of ${over}, by ${first.range.by}`, ...passedOverIn(passedOver)].join("; ");
  return { kind: "value", podCIDRs, file, line, reason, warnings };
}

function baseError(issues: readonly ConfigIssue[]): ConfigError {
  return new ConfigError("HC_PODCIDR_CONFIG", "Cannot take this node's PodCIDR from network.podCIDR.base", issues);
}

/** Why the range the operator wrote gives no node a block: what level 4 refuses, for checking a file before. */
export function baseFaults(loaded: LoadedConfig, facts: ClusterFacts, validator: Validator): readonly ConfigIssue[] {
  const ranges = facts.cluster.filter(({ isConfigured }) => isConfigured);
  const issue = ({ prefix, by }: ClusterRange, { why, remedy }: Fault): ConfigIssue =>
    issueAt(loaded, by, `${prefix} ${why}; ${remedy}`);
  const bases = ranges.map(({ prefix }) => ({ base: prefix, bits: blockLength(loaded, facts, prefix) }));
  const faults = ranges.flatMap((range, at) => {
    const base = bases[at];
    const fault = base === undefined ? undefined : whyNoRoom(base, validator);
    return fault === undefined ? [] : [issue(range, fault)];
  });
  const [first] = ranges;
  if (first === undefined || faults.length > 0) return faults;
  // Every name is led to a block that is free, so any name tells whether there is one.
  const { blocks, passedOver } = guess(bases, { nodeName: "", validator, kept: undefined });
  return blocks === undefined ? [issue(first, noneLeft(passedOver))] : [];
}

interface Guess {
  /** Undefined when none is free. */
  readonly blocks: readonly Prefix[] | undefined;
  /** Why the blocks of the node's name were not taken. */
  readonly passedOver: readonly Verdict[];
}

function guess(bases: readonly GuessBase[], options: Pick<GuessOptions, "nodeName" | "validator" | "kept">): Guess {
  const { nodeName, validator } = options;
  const blocks = chooseBlocks(bases, { ...options, start: fnv1a64(nodeName) });
  const own = hashBlocks(nodeName, bases) ?? [];
  const isOwn = blocks?.every((block, at) => own[at]?.equals(block)) === true;
  const passedOver = isOwn ? [] : own.flatMap((range) => validator.verdictsOn({ range, by: "guess" }, { bases }));
  return { blocks, passedOver: ofEffect(passedOver, "passed over") };
}

/**
 * Level 5: 10.244.0.0/24, or the first /24 behind it that is free; a fault HC_PODCIDR_CONFIG when none is.
 */
export function defaultAnswer({ loaded, nodeName, validator, kept }: GuessOptions): GuessValue | GuessFault {
  const [blocks, passedOver] = firstFree({ validator, kept });
  const podCIDRs = firstOfEachFamily(blocks ?? []);
  const [why] = passedOverIn(passedOver);
  if (podCIDRs !== undefined) return { kind: "value", podCIDRs, file: undefined, line: undefined, reason: why };
  const message = `has no entry for node "${nodeName}", and all of ${defaultBase.base} is taken (${why})`;
  return {
    kind: "fault",
    error: new ConfigError(
      "HC_PODCIDR_CONFIG",
      "Cannot find a PodCIDR for this node",
      [issueAt(loaded, nodeLocalKey, message)],
      { hint: `give this node an entry of its own in ${nodeLocalKey}, or write network.podCIDR.base` },
    ),
  };
}

function firstFree({ validator, kept }: Omit<ChooseOptions, "start">): readonly [Guess["blocks"], readonly Verdict[]] {
  const bases = [defaultBase];
  const [first] = defaultPodCIDRs.list;
  const verdicts = first === undefined ? [] : validator.verdictsOn({ range: first, by: "guess" }, { bases });
  const blocks = chooseBlocks(bases, { validator, kept, start: 0n });
  return [blocks, ofEffect(verdicts, "passed over")];
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

/** Of a range with no free block. */
function noneLeft(passedOver: readonly Verdict[]): Fault {
  const [first] = passedOver;
  if (first === undefined || first.code === "service-range")
    return { why: "has no block that is free of the service CIDR", remedy: anotherRange };
  const remedy =
    first.code === "other-node" ? `give this node an entry in ${nodeLocalKey}, or write a larger range` : anotherRange;
  return { why: `has no block that is free: ${first.range} ${first.text}`, remedy };
}

function whyNoRoom({ base, bits }: GuessBase, validator: Validator): Fault | undefined {
  const [refusal] = ofEffect(validator.verdictsOn({ range: base, by: "cluster" }), "refused");
  if (refusal?.code === "all-addresses" || refusal?.code === "too-large")
    return { why: refusal.text, remedy: anotherRange };
  if (bits < base.bits) {
    const larger = base.family === "ipv4" ? "10.244.0.0/16" : "fd00:10:244::/48";
    const split =
      base.bits < longestBits[base.family] ? `, or set network.podCIDR.perNode to a length over /${base.bits}` : "";
    return {
      why: `has no room for a node's block of /${bits}`,
      remedy: `write a larger range, for example ${larger}${split}`,
    };
  }
  if (refusal === undefined) return undefined;
  const remedy =
    refusal.code === "service-range" ? "write a range beside it: pods and services need their own" : anotherRange;
  return { why: refusal.text, remedy };
}

export interface ClusterDoubt {
  readonly range: ClusterRange;
  /** Begins with the range. */
  readonly sentence: string;
}

/** What is odd about the cluster's ranges. */
export function clusterDoubts({ cluster }: ClusterFacts, validator: Validator): readonly ClusterDoubt[] {
  return cluster.flatMap((range) => {
    const odd = ofEffect(validator.verdictsOn({ range: range.prefix, by: "cluster" }), "questioned");
    return sentencesOf(odd).map((sentence) => ({ range, sentence }));
  });
}

/** All that could have been guessed where PodCIDRs were. */
export function guessBases({ cluster }: ClusterFacts, podCIDRs: PodCIDRs): readonly GuessBase[] {
  const bases = cluster.length === 0 ? [defaultBase.base] : cluster.map(({ prefix }) => prefix);
  return bases.map((base) => ({ base, bits: podCIDRs.of(base.family)?.bits ?? base.bits }));
}

function describe({ prefix, ...range }: ClusterRange): string {
  return `The cluster CIDR ${prefix} (${describeSource(range)})`;
}
