// The chain: which of the five levels says this node's PodCIDR. First hit wins; every source asked is in the trace.

import { type PodCIDRs, toPodCIDRs, twoOfOneFamily } from "../cidr/pod-cidrs.ts";
import type { LoadedConfig } from "../config/config.ts";
import { kubeletSettings } from "../programs/kubelet-settings.ts";
import type { ConfigIssue } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { isGuess, type PodCIDRAnswer, type PodCIDRSource, type TraceEntry } from "./answer.ts";
import type { ClassifiedFile, Warning } from "./classify.ts";
import { type ClusterFacts, classifySources, clusterFacts } from "./cluster-facts.ts";
import { baseFaults, defaultAnswer, hashAnswer } from "./fallback.ts";
import { configValue, envValue, nodeLocalFaults, nodeLocalKey, type OperatorValue } from "./operator.ts";
import { namesInstead } from "./other-nodes.ts";
import { readSources, type Source } from "./read-sources.ts";
import { sourceFiles } from "./sources.ts";
import { doubtOf } from "./usable.ts";

export interface PodCIDRQuery {
  /** As `resolveNodeName` gives it. */
  readonly nodeName: string;
  readonly config: LoadedConfig;
}

/**
 * This node's PodCIDR and its source.
 * @throws ConfigError HC_PODCIDR_CONFIG, HC_PODCIDR_ENV when what the operator wrote cannot be used.
 */
export function choosePodCIDR(system: System, query: PodCIDRQuery): PodCIDRAnswer {
  const { nodeName, config } = query;
  const { sources, files, facts } = readAll(system, query);
  const chain = new Chain(nodeName, facts, namesInstead(config, nodeName));
  return (
    chain.operator("config", configValue(config, nodeName, facts.serviceCIDRs)) ??
    chain.operator("env", envValue(system, facts.serviceCIDRs)) ??
    chain.files(sources, files) ??
    chain.fallback(config)
  );
}

/**
 * What is wrong with the configuration for the chain of any node that has it, given what this node's files say of the cluster: for
 * checking a file before a daemon ends over it.
 */
export function chainFaults(system: System, config: LoadedConfig): readonly ConfigIssue[] {
  // What files say of the cluster is the same for every node's name.
  const { facts } = readAll(system, { nodeName: "any", config });
  // With one value for every node, level 4 is never asked.
  const isAsked = config.config.network.podCIDR.nodeLocal?.kind !== "any";
  return [...nodeLocalFaults(config, facts.serviceCIDRs), ...(isAsked ? baseFaults(config, facts) : [])];
}

function readAll(system: System, { nodeName, config }: PodCIDRQuery) {
  const sources = readSources(
    system,
    sourceFiles(nodeName, config.config.cni.confDir, kubeletSettings(system)),
    nodeName,
  );
  const files = classifySources(config, sources);
  return { sources, files, facts: clusterFacts(system, config, files) };
}

class Chain {
  readonly #nodeName: string;
  readonly #facts: ClusterFacts;
  readonly #namedInstead: readonly string[] | undefined;
  readonly #trace: TraceEntry[] = [];
  readonly #warnings: string[] = [];

  constructor(nodeName: string, facts: ClusterFacts, namedInstead: readonly string[] | undefined) {
    this.#nodeName = nodeName;
    this.#facts = facts;
    this.#namedInstead = namedInstead;
    if (namedInstead !== undefined) {
      const others = namedInstead.map((name) => `"${name}"`).join(", ");
      this.#warnings.push(`${nodeLocalKey} has no entry for this node, "${nodeName}"; the nearest in it: ${others}`);
    }
  }

  /** Levels 1 and 2. */
  operator(source: "config" | "env", value: OperatorValue): PodCIDRAnswer | undefined {
    if (value.kind === "none") {
      this.#trace.push({ source, outcome: "absent", reason: value.reason });
      return undefined;
    }
    const { podCIDRs, file, line } = value;
    const cluster = this.#facts.cluster.map(({ prefix }) => prefix);
    const doubts = podCIDRs.list.flatMap((prefix) => {
      const doubt = doubtOf(prefix, cluster);
      return doubt === undefined ? [] : [`${prefix} from ${source} ${doubt}`];
    });
    this.#warnings.push(...doubts);
    return this.#answer({ source, podCIDRs, file, line, doubts });
  }

  /** Level 3. */
  files(sources: readonly Source[], read: readonly ClassifiedFile[]): PodCIDRAnswer | undefined {
    for (const source of sources) {
      const { file } = source;
      if (source.kind === "absent") {
        this.#trace.push({ source: "file", file, outcome: "absent", reason: "does not exist" });
      } else if (source.kind === "skipped") {
        this.#trace.push({ source: "file", file, outcome: "skipped", reason: source.reason });
        this.#warnings.push(`${file}: ${source.reason}`);
      } else {
        const found = read.find((other) => other.file === file);
        const answer = found === undefined ? undefined : this.#file(found);
        if (answer !== undefined) return answer;
      }
    }
    return undefined;
  }

  #file(found: ClassifiedFile): PodCIDRAnswer | undefined {
    const { file, nodeCIDRs, findings } = found;
    for (const warning of found.warnings) this.#warnings.push(warningLine(file, warning));
    const made = toPodCIDRs(nodeCIDRs.toSorted((a, b) => a.compare(b)));
    if (made.kind === "ok") {
      const line = findings.find(({ meaning }) => meaning === "node")?.line;
      return this.#answer({ source: "file", podCIDRs: made.value, file, line });
    }
    const [twice] = twoOfOneFamily(nodeCIDRs) ?? [];
    if (twice !== undefined) {
      const reason = `says several ${twice.family === "ipv4" ? "IPv4" : "IPv6"} PodCIDRs: ${nodeCIDRs.join(", ")}`;
      this.#warnings.push(`${file}: ${reason}`);
      this.#trace.push({ source: "file", file, outcome: "invalid", reason });
    } else this.#trace.push({ source: "file", file, ...whyNot(found) });
    return undefined;
  }

  /** Levels 4 and 5. */
  fallback(config: LoadedConfig): PodCIDRAnswer {
    const hash = hashAnswer(config, this.#nodeName, this.#facts);
    this.#warnings.push(...this.#facts.warnings, ...hash.warnings);
    if (hash.kind === "value") return this.#answer({ source: "hash", ...hash });
    const outcome = this.#facts.cluster.length === 0 ? "absent" : "skipped";
    this.#trace.push({ source: "hash", outcome, reason: hash.reason });
    const last = defaultAnswer(config, this.#nodeName);
    return this.#answer({ source: "default", ...last, file: undefined, line: undefined });
  }

  #answer({ source, podCIDRs, file, line, reason, doubts = [] }: LevelAnswer): PodCIDRAnswer {
    this.#trace.push({
      source,
      outcome: "used",
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
      ...(reason === undefined ? {} : { reason }),
    });
    return {
      nodeName: this.#nodeName,
      podCIDRs,
      source,
      file,
      line,
      authoritative: !isGuess(source),
      clusterCIDRs: this.#facts.cluster.map(({ prefix }) => prefix),
      serviceCIDRs: this.#facts.serviceCIDRs,
      namedInstead: this.#namedInstead,
      doubts,
      warnings: this.#warnings,
      trace: this.#trace,
    };
  }
}

/** What a level has to say when it answers. */
interface LevelAnswer {
  readonly source: PodCIDRSource;
  readonly podCIDRs: PodCIDRs;
  readonly file: string | undefined;
  readonly line: number | undefined;
  readonly reason?: string;
  /** @default none */
  readonly doubts?: readonly string[];
}

/** Why a file that was read is no answer. */
function whyNot(found: ClassifiedFile): Pick<TraceEntry, "outcome" | "reason"> {
  const { kind, findings, passedOver, refused, warnings } = found;
  if (passedOver !== undefined) return { outcome: "skipped", reason: warningText(passedOver) };
  if (refused.includes("node")) {
    const last = warnings.findLast(({ line }) => line !== undefined);
    return { outcome: "invalid", reason: last === undefined ? "its PodCIDR cannot be used" : warningText(last) };
  }
  const isBroken = kind === "invalid-yaml" || kind === "binary";
  const cluster = findings.find(({ meaning }) => meaning === "cluster");
  if (cluster !== undefined && !isBroken) {
    return { outcome: "absent", reason: `says the cluster's CIDR only: ${cluster.value} in line ${cluster.line}` };
  }
  const [remark] = warnings;
  const reason = remark === undefined ? "says no PodCIDR" : warningText(remark);
  return { outcome: isBroken ? "invalid" : "absent", reason };
}

function warningText({ line, value, reason }: Warning): string {
  return `${line === undefined ? "" : `line ${line}: `}${value === undefined ? "" : `${value}: `}${reason}`;
}

function warningLine(file: string, { line, value, reason }: Warning): string {
  return `${file}${line === undefined ? "" : `:${line}`}: ${value === undefined ? "" : `${value}: `}${reason}`;
}
