// The chain: which of the five levels says this node's PodCIDR. First hit wins; every source asked is in the trace. Whether a range may be
// this node's, `judgement` says; what follows from it for each level stands here. Pure but for `choosePodCIDR`.

import { type PodCIDRs, toPodCIDRs, twoOfOneFamily } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { nodeLocalKey } from "../config/config.ts";
import type { Networks } from "../kernel/networks.ts";
import { keptNodeObjectFile } from "../node-state/kept-node-object.ts";
import type { ConfigError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import {
  type Assignment,
  isGuess,
  originOf,
  type PodCIDRAnswer,
  type PodCIDRSource,
  type TraceEntry,
} from "./answer.ts";
import type { ClassifiedFile } from "./classify.ts";
import { describeSource } from "./cluster-facts.ts";
import { keptGuess } from "./guess/choose-blocks.ts";
import { clusterDoubts, defaultAnswer, guessBases, hashAnswer } from "./guess/fallback.ts";
import { type ChainReading, type PodCIDRQuery, readChain, validatorOf } from "./read-chain.ts";
import { namesInstead } from "./validation/other-nodes.ts";
import type { Verdict } from "./validation/reasons.ts";
import { doubtsOf, sentencesOf } from "./validation/sentences.ts";
import type { ValidateOptions, Validator } from "./validation/validator.ts";
import { warningLine, whyNot } from "./why-not.ts";

/** What the node has already. */
export interface NodeFacts {
  readonly networks: Networks;
  /** The PodCIDRs in force; undefined on a node HeadCNI has never seen. */
  readonly current: Assignment | undefined;
  /** What the claims to PodCIDRs say; undefined: nothing is known of a tailnet. */
  readonly claims?: ClaimsView | undefined;
}

/** For a node of which only the disk is looked at. */
export const unseenNode: NodeFacts = { networks: { kind: "unknown", why: "not looked at" }, current: undefined };

/**
 * This node's PodCIDR and its source.
 * @throws ConfigError as `decidePodCIDR`
 */
export function choosePodCIDR(system: System, query: PodCIDRQuery, node: NodeFacts = unseenNode): PodCIDRAnswer {
  return decidePodCIDR(readChain(system, query), node);
}

/**
 * Decides by what was read. What is in force is not given up for a clash that appears later, and what an operator writes anew and
 * cannot be used does not end a node that has a PodCIDR: the answer is then what is in force.
 * @throws ConfigError HC_PODCIDR_CONFIG, HC_PODCIDR_ENV when what the operator wrote cannot be used and nothing is in force.
 */
export function decidePodCIDR(reading: ChainReading, node: NodeFacts): PodCIDRAnswer {
  const chain = new Chain(reading, node);
  return chain.operator("config") ?? chain.operator("env") ?? chain.files() ?? chain.fallback();
}

class Chain {
  readonly #reading: ChainReading;
  readonly #current: Assignment | undefined;
  readonly #validator: Validator;
  readonly #kept: PodCIDRs | undefined;
  readonly #namedInstead: readonly string[] | undefined;
  readonly #clusterDoubts: readonly string[];
  readonly #trace: TraceEntry[] = [];
  readonly #warnings: string[] = [];

  constructor(reading: ChainReading, { networks, current, claims }: NodeFacts) {
    const { config, nodeName, facts } = reading;
    this.#reading = reading;
    this.#current = current;
    this.#validator = validatorOf(reading, networks, claims?.taken);
    this.#kept = keptGuess({ current, claims });
    this.#namedInstead = namesInstead(config, nodeName);
    this.#clusterDoubts = clusterDoubts(facts, this.#validator).map(
      ({ range, sentence }) => `The cluster CIDR, by ${describeSource(range)}: ${sentence}`,
    );
    if (this.#namedInstead !== undefined) {
      const others = this.#namedInstead.map((name) => `"${name}"`).join(", ");
      this.#warnings.push(`${nodeLocalKey} has no entry for this node, "${nodeName}"; the nearest in it: ${others}`);
    }
    this.#warnings.push(...this.#clusterDoubts);
  }

  /** Levels 1 and 2. */
  operator(source: "config" | "env"): PodCIDRAnswer | undefined {
    const value = this.#reading.operator[source];
    if (value.kind === "none") {
      this.#trace.push({ source, outcome: "absent", reason: value.reason });
      return undefined;
    }
    if (value.kind === "fault") return this.#keepCurrent(source, value.error);
    const { podCIDRs, file, line, isForEveryNode, refuse } = value;
    const { conflict } = this.#reading.config;
    // Nothing new is taken from a configuration that contradicts itself: which of its ranges is meant is unclear.
    if (source === "config" && conflict !== undefined && !podCIDRs.list.every((range) => this.#isInForce(range))) {
      return this.#keepCurrent(source, conflict);
    }
    const verdicts = this.#verdictsOn(podCIDRs, source, { isForEveryNode });
    const refused = verdicts.filter(({ range, effect }) => effect === "refused" && !this.#isInForce(range));
    if (refused.length > 0) return this.#keepCurrent(source, refuse(sentencesOf(refused)), refused);
    const doubts = doubtsOf(verdicts, source);
    this.#warnings.push(...doubts);
    return this.#answer({ source, podCIDRs, file, line, doubts });
  }

  /** Level 3. */
  files(): PodCIDRAnswer | undefined {
    for (const source of this.#reading.sources) {
      const { file } = source;
      if (source.kind === "absent") {
        this.#trace.push({ source: "file", file, outcome: "absent", reason: "does not exist" });
      } else if (source.kind === "skipped") {
        this.#trace.push({ source: "file", file, outcome: "skipped", reason: source.reason });
        this.#warnings.push(`${file}: ${source.reason}`);
      } else {
        const found = this.#reading.files.find((other) => other.file === file);
        const answer = found === undefined ? undefined : this.#file(found);
        if (answer !== undefined) return answer;
      }
    }
    return undefined;
  }

  #file(found: ClassifiedFile): PodCIDRAnswer | undefined {
    const { file, nodeCIDRs } = found;
    for (const warning of found.warnings) this.#warnings.push(warningLine(file, warning));
    const made = toPodCIDRs(nodeCIDRs.toSorted((a, b) => a.compare(b)));
    if (made.kind === "ok") return this.#fileValue(found, made.value);
    const [twice] = twoOfOneFamily(nodeCIDRs) ?? [];
    if (twice !== undefined) {
      const reason = `says several ${twice.family === "ipv4" ? "IPv4" : "IPv6"} PodCIDRs: ${nodeCIDRs.join(", ")}`;
      this.#warnings.push(`${file}: ${reason}`);
      this.#trace.push({ source: "file", file, outcome: "invalid", reason });
    } else this.#trace.push({ source: "file", file, ...whyNot(found) });
    return undefined;
  }

  #fileValue({ file, findings }: ClassifiedFile, podCIDRs: PodCIDRs): PodCIDRAnswer | undefined {
    const { line, insteadOf, origin } = findings.find(({ meaning }) => meaning === "node") ?? {};
    const verdicts = this.#verdictsOn(podCIDRs, "file");
    const against = verdicts.filter(({ range, effect }) => effect !== "questioned" && !this.#isInForce(range));
    const [first] = against;
    if (first !== undefined) {
      const reason = sentencesOf(against).join("; ");
      this.#warnings.push(warningLine(file, { line, reason }));
      this.#trace.push({
        source: "file",
        file,
        ...(line !== undefined && { line }),
        outcome: "skipped",
        reason,
        code: first.code,
      });
      return undefined;
    }
    const doubts = doubtsOf(verdicts, `${file}${line === undefined ? "" : `:${line}`}`);
    this.#warnings.push(...doubts);
    const reason = insteadOf === undefined ? origin : `in place of ${insteadOf.join(", ")}`;
    return this.#answer({ source: "file", podCIDRs, file, line, doubts, reason });
  }

  /** Levels 4 and 5. */
  fallback(): PodCIDRAnswer {
    const { config: loaded, nodeName, facts } = this.#reading;
    const options = { loaded, nodeName, validator: this.#validator, kept: this.#kept };
    const hash = hashAnswer(facts, options);
    this.#warnings.push(...facts.warnings, ...hash.warnings);
    if (hash.kind === "value") return this.#answer({ source: "hash", ...hash });
    if (hash.kind === "fault") return this.#keepCurrent("hash", hash.error);
    const outcome = facts.cluster.length === 0 ? "absent" : "skipped";
    this.#trace.push({ source: "hash", outcome, reason: hash.reason });
    const last = defaultAnswer(options);
    return last.kind === "fault"
      ? this.#keepCurrent("default", last.error)
      : this.#answer({ source: "default", ...last });
  }

  /** What is in force stays, for a level that has to answer and cannot. @throws ConfigError when nothing is in force */
  #keepCurrent(source: PodCIDRSource, error: ConfigError, verdicts: readonly Verdict[] = []): PodCIDRAnswer {
    const current = this.#current;
    if (current === undefined) throw error;
    const reason = error.issues.length === 0 ? error.message : error.issues.map(({ message }) => message).join("; ");
    const [first] = verdicts;
    this.#trace.push({ source, outcome: "invalid", reason, ...(first !== undefined && { code: first.code }) });
    const kept = { ...current, source: current.source ?? source, reason: "is in force and stays" };
    return { ...this.#answer(kept), refusal: error };
  }

  #verdictsOn(
    podCIDRs: PodCIDRs,
    source: PodCIDRSource | undefined,
    options: ValidateOptions = {},
  ): readonly Verdict[] {
    const by = originOf(source);
    return podCIDRs.list.flatMap((range) => this.#validator.verdictsOn({ range, by }, options));
  }

  #isInForce(range: Prefix): boolean {
    return this.#current?.podCIDRs.of(range.family)?.equals(range) === true;
  }

  /** Why what is in force would not be taken today. */
  #clashes(): readonly string[] {
    if (this.#current === undefined) return [];
    const { podCIDRs, source } = this.#current;
    const bases = isGuess(source) ? guessBases(this.#reading.facts, podCIDRs) : [];
    const verdicts = this.#verdictsOn(podCIDRs, source, { bases });
    // What another node of the tailnet has is the claim's to tell of.
    return sentencesOf(verdicts.filter(({ code, effect }) => effect !== "questioned" && code !== "tailnet-node"));
  }

  #nodeObject(): PodCIDRs | undefined {
    const nodeCIDRs = this.#reading.files.find(({ file }) => file === keptNodeObjectFile)?.nodeCIDRs ?? [];
    const made = toPodCIDRs(nodeCIDRs.toSorted((a, b) => a.compare(b)));
    return made.kind === "ok" ? made.value : undefined;
  }

  #answer({ source, podCIDRs, file, line, reason, doubts = [] }: LevelAnswer): PodCIDRAnswer {
    const { nodeName, facts } = this.#reading;
    this.#trace.push({
      source,
      outcome: "used",
      ...(file === undefined ? {} : { file }),
      ...(line === undefined ? {} : { line }),
      ...(reason === undefined ? {} : { reason }),
    });
    return {
      nodeName,
      podCIDRs,
      source,
      file,
      line,
      authoritative: !isGuess(source),
      clusterCIDRs: facts.cluster.map(({ prefix }) => prefix),
      serviceCIDRs: facts.serviceCIDRs,
      namedInstead: this.#namedInstead,
      doubts,
      clusterDoubts: this.#clusterDoubts,
      nodeObject: this.#nodeObject(),
      clashes: this.#clashes(),
      warnings: this.#warnings,
      trace: this.#trace,
    };
  }
}

/** What a level has to say when it answers. */
interface LevelAnswer extends Omit<Assignment, "source"> {
  readonly source: PodCIDRSource;
  readonly reason?: string | undefined;
  /** @default none */
  readonly doubts?: readonly string[];
}
