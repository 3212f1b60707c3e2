// The answer to "which PodCIDR does this node have, and from where", and its JSON form. Pure.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { ConfigError } from "../sys/errors.ts";
import type { JsonObject } from "../sys/json.ts";
import type { CandidateOrigin, ReasonCode } from "./validation/reasons.ts";

/** The level of the chain that answered. */
export type PodCIDRSource = "config" | "env" | "file" | "hash" | "default";

/** Whether nothing assigned a PodCIDR of this source to this node, so that another node can have the same. */
export function isGuess(source: PodCIDRSource | undefined): boolean {
  return source === "hash" || source === "default";
}

/** What a source's word is worth in the judgement of a range; what only the conflist shows is worth a file's. */
export function originOf(source: PodCIDRSource | undefined): CandidateOrigin {
  if (source === "config" || source === "env") return "operator";
  return isGuess(source) ? "guess" : "file";
}

/** The PodCIDRs of a node, and where they come from. */
export interface Assignment {
  readonly podCIDRs: PodCIDRs;
  /** Undefined when only the conflist or the bridge shows it, which do not say where it comes from. */
  readonly source: PodCIDRSource | undefined;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

/** One source that was asked, and why it did or did not answer. */
export interface TraceEntry {
  /** What was asked, in words a person knows: `config network.podCIDR.nodeLocal`, `env NODE_POD_CIDR`, `file`, `hash`, `default`. */
  readonly source: string;
  readonly file?: string;
  readonly line?: number;
  readonly outcome: "used" | "absent" | "skipped" | "invalid";
  readonly reason?: string;
  /** Of a range that is somebody else's: which reason of the table. */
  readonly code?: ReasonCode;
}

export interface PodCIDRAnswer {
  readonly nodeName: string;
  /** The node's CIDRs, IPv4 first. */
  readonly podCIDRs: PodCIDRs;
  readonly source: PodCIDRSource;
  /** The file the CIDR stands in; for `hash`, the file that names the cluster's CIDR. */
  readonly file: string | undefined;
  /** Line in `file`, counted from 1. */
  readonly line: number | undefined;
  /** Whether this CIDR was assigned to this node. False for `hash` and `default`, which two nodes can share. */
  readonly authoritative: boolean;
  /** The cluster's CIDRs, at most one of a family; empty when nothing says them. */
  readonly clusterCIDRs: readonly Prefix[];
  readonly serviceCIDRs: readonly Prefix[];
  /** When nodeLocal names nodes and not this one: those whose names are nearest, the nearest first. */
  readonly namedInstead?: readonly string[] | undefined;
  /** What is questionable in the value of an operator or a file, which counts all the same: sentences. */
  readonly doubts?: readonly string[] | undefined;
  /** What is questionable in the cluster's range: sentences. */
  readonly clusterDoubts?: readonly string[] | undefined;
  /** What the copy of this node's Node object says, where there is one. */
  readonly nodeObject?: PodCIDRs | undefined;
  /** Why the PodCIDRs in force, which are kept, would not be taken today: sentences. */
  readonly clashes?: readonly string[] | undefined;
  /** Why what an operator wrote was not taken; then the answer is what is in force. */
  readonly refusal?: ConfigError | undefined;
  /** Sentences for the log: values refused, files that could not be read, contradictions. */
  readonly warnings: readonly string[];
  /** Every source asked, in order, up to and including the one that answered. */
  readonly trace: readonly TraceEntry[];
}

/** The documented JSON of `headcni podcidr -o json`; `file` and `line` are null when there is none. */
export function encodeAnswer(answer: PodCIDRAnswer): JsonObject {
  return {
    nodeName: answer.nodeName,
    podCIDRs: answer.podCIDRs.toJSON(),
    source: answer.source,
    file: answer.file ?? null,
    line: answer.line ?? null,
    authoritative: answer.authoritative,
    clusterCIDRs: answer.clusterCIDRs.map(String),
    trace: answer.trace.map(({ source, file, outcome, reason, code }) => ({ source, file, outcome, reason, code })),
  };
}
