// From statements to findings: which texts are CIDRs, which of them may be used, and whether a "node" CIDR is not the cluster's after
// all. The same rules for every format, in one place.

import type { Family } from "../cidr/addr.ts";
import { whyTooBroad } from "../cidr/breadth.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { Meaning, StatedValue, Statement, Statements } from "./statements.ts";
import { readMask, readValue, showable } from "./usable.ts";
import { whyCluster, whyWide } from "./validation/cluster-range.ts";
import { whyRefused } from "./validation/validator.ts";

/** A value that counts. */
export interface Finding {
  readonly line: number;
  readonly key: string;
  /** The CIDR in its normal form, or the prefix length of a mask. */
  readonly value: string;
  readonly meaning: Meaning;
  /** As in `Statement`. */
  readonly insteadOf?: readonly string[] | undefined;
  /** As in `Statement`. */
  readonly origin?: string | undefined;
}

/** A value that does not count, or one that does with a remark; `value` only when it looks like an address. */
export interface Warning {
  readonly line?: number | undefined;
  readonly value?: string | undefined;
  readonly reason: string;
}

/** What a file's statements come to. */
export interface Classified {
  readonly nodeCIDRs: readonly Prefix[];
  readonly clusterCIDRs: readonly Prefix[];
  readonly serviceCIDRs: readonly Prefix[];
  readonly nodeMask: Readonly<Partial<Record<Family, number>>>;
  readonly findings: readonly Finding[];
  readonly warnings: readonly Warning[];
  /** Meanings of which a value was there and refused. */
  readonly refused: readonly Meaning[];
  /** Why the range of a conflist is not taken for this node's, where `Known.isForNode` asks for that. */
  readonly passedOver: Warning | undefined;
}

/** A file that was read, with what it says. */
export interface ClassifiedFile extends Classified {
  readonly file: string;
  /** What the file is, as in `Reading`. */
  readonly kind: string;
  /** What its program has from another place. @default nothing */
  readonly overridden?: readonly Warning[];
}

/** What is known from outside the file. */
export interface Known {
  readonly clusterCIDRs: readonly Prefix[];
  readonly serviceCIDRs: readonly Prefix[];
  /**
   * Whether the answer is to be this node's PodCIDR. A range as wide as a cluster's in a conflist is what every node of such a
   * setup has (podman's, CRI-O's sample): true for the file, of no use for a cluster. @default false
   */
  readonly isForNode?: boolean;
}

const nothingKnown: Known = { clusterCIDRs: [], serviceCIDRs: [] };

/**
 * Classifies one file's statements. Cluster and service ranges are facts and count as the file says them (host bits cleared, with a
 * warning); a node's CIDR has to be usable.
 */
export function classify(statements: Statements, known: Known = nothingKnown): Classified {
  const run = new Classifier(known);
  for (const { reason, line } of statements.remarks) run.warn({ line, reason });
  // Ranges of the cluster first: what a node's CIDR means depends on them.
  const order: readonly Meaning[] = ["service", "cluster", "node", "mask"];
  for (const meaning of order)
    for (const statement of statements.list) if (statement.meaning === meaning) run.statement(statement);
  return run.result();
}

class Classifier {
  readonly #known: Known;
  readonly #found: Record<"node" | "cluster" | "service", Prefix[]> = { node: [], cluster: [], service: [] };
  readonly #mask: Partial<Record<Family, number>> = {};
  readonly #findings: Finding[] = [];
  readonly #warnings: Warning[] = [];
  readonly #refused: Meaning[] = [];
  #passedOver: Warning | undefined;

  constructor(known: Known) {
    this.#known = known;
  }

  warn(warning: Warning): void {
    this.#warnings.push(warning);
  }

  #refuse(statement: Statement, warning: Warning): void {
    this.#refused.push(statement.meaning);
    this.warn({ ...warning, reason: `${statement.key} ${warning.reason}` });
  }

  statement(statement: Statement): void {
    if (statement.meaning === "mask") for (const item of statement.values) this.#maskLength(statement, item);
    else if (statement.meaning === "node") this.#node(statement);
    else for (const item of statement.values) this.#range(statement, statement.meaning, item);
  }

  result(): Classified {
    return {
      nodeCIDRs: this.#found.node,
      clusterCIDRs: this.#found.cluster,
      serviceCIDRs: this.#found.service,
      nodeMask: this.#mask,
      findings: this.#findings.toSorted((a, b) => a.line - b.line),
      warnings: this.#warnings,
      refused: this.#refused,
      passedOver: this.#passedOver,
    };
  }

  /** A CIDR of the item, or undefined with a warning; host bits are kept. */
  #prefix(statement: Statement, item: StatedValue): Prefix | undefined {
    const reading = readValue(item.text, { leadingZeros: statement.by === "flag" });
    const about = { line: item.line, value: showable(item.text) };
    if (reading.kind === "invalid") this.#refuse(statement, { ...about, reason: reading.reason });
    if (reading.kind === "none") this.warn({ ...about, reason: `${statement.key} ${reading.reason}` });
    if (reading.kind !== "prefix") return undefined;
    if (reading.note !== undefined) this.warn({ ...about, reason: `${statement.key} ${reading.note}` });
    return reading.prefix;
  }

  #range(statement: Statement, meaning: "cluster" | "service", item: StatedValue): void {
    const prefix = this.#prefix(statement, item);
    if (prefix === undefined) return;
    const about = { line: item.line, value: prefix.toString() };
    const masked = prefix.masked();
    const broad = whyTooBroad(prefix);
    if (broad !== undefined) {
      this.#refuse(statement, { ...about, reason: broad });
      return;
    }
    if (prefix.hasHostBits) this.warn({ ...about, reason: `${statement.key} has host bits set, read as ${masked}` });
    if (meaning === "cluster") {
      const why = this.#whyRefused(masked);
      if (why !== undefined) this.warn({ ...about, reason: `${statement.key} ${why}` });
    }
    this.#add(meaning, statement, { line: item.line, prefix: masked });
  }

  #node(statement: Statement): void {
    const read = statement.values.flatMap((item) => {
      const prefix = this.#prefix(statement, item);
      if (prefix === undefined) return [];
      return [{ line: item.line, prefix: statement.by === "flannel" ? prefix.masked() : prefix }];
    });
    if (statement.foreign?.isFurther === true) return;
    if (statement.by === "conflist" && this.#known.isForNode === true && this.#passOver(statement, read)) return;
    for (const { line, prefix } of read) this.#nodePrefix(statement, line, prefix);
  }

  #nodePrefix(statement: Statement, line: number, prefix: Prefix): void {
    const about = { line, value: prefix.toString() };
    const broad = whyTooBroad(prefix);
    if (broad !== undefined) {
      this.#refuse(statement, { ...about, reason: broad });
      return;
    }
    const wide = statement.by === "api-server" ? undefined : this.#whyCluster(prefix);
    if (wide === undefined && statement.by === "anybody") {
      this.warn({ ...about, reason: `${statement.key} stands where nothing says whose it is: not taken` });
      return;
    }
    if (wide !== undefined && statement.by !== "conflist") {
      const bits = prefix.hasHostBits ? `has host bits set (the network is ${prefix.masked()}) and ` : "";
      this.warn({ ...about, reason: `${statement.key} ${bits}${wide}: taken as the cluster's, not as this node's` });
      this.#add("cluster", statement, { line, prefix: prefix.masked() });
      return;
    }
    const refusal = this.#whyRefused(prefix);
    if (refusal !== undefined) {
      this.#refuse(statement, { ...about, reason: refusal });
      return;
    }
    if (statement.foreign?.whose === "wire") {
      this.warn({ ...about, reason: `${statement.key} ${statement.foreign.why}` });
      return;
    }
    const why = statement.foreign?.why ?? wide;
    if (why !== undefined)
      this.warn({ ...about, reason: `${statement.key} ${why}: every node of such a setup has the same` });
    this.#add("node", statement, { line, prefix });
  }

  #whyRefused(range: Prefix): string | undefined {
    return whyRefused({ range, by: "file" }, [...this.#known.serviceCIDRs, ...this.#found.service]);
  }

  /** Whether a conflist's ranges are the same on every node; of a dual-stack pair none is taken then. */
  #passOver(statement: Statement, read: readonly { readonly line: number; readonly prefix: Prefix }[]): boolean {
    for (const { line, prefix } of read) {
      const { foreign } = statement;
      const why = foreign?.why ?? this.#whyCluster(prefix) ?? whyWide(prefix);
      if (why === undefined) continue;
      const everyNode = foreign?.whose === "wire" ? "" : ": every node of such a setup has the same";
      this.#passedOver = {
        line,
        value: prefix.toString(),
        reason: `${statement.key} ${why}${everyNode}, so it is not taken`,
      };
      this.warn(this.#passedOver);
      return true;
    }
    return false;
  }

  #whyCluster(prefix: Prefix): string | undefined {
    return whyCluster(prefix, [...this.#known.clusterCIDRs, ...this.#found.cluster]);
  }

  #add(
    meaning: "node" | "cluster" | "service",
    statement: Statement,
    { line, prefix }: { line: number; prefix: Prefix },
  ): void {
    const list = this.#found[meaning];
    if (!list.some((other) => other.equals(prefix))) list.push(prefix);
    const { key, insteadOf, origin } = statement;
    this.#findings.push({ line, key, value: prefix.toString(), meaning, insteadOf, origin });
  }

  #maskLength(statement: Statement, item: StatedValue): void {
    const ranges = [...this.#found.cluster, ...this.#known.clusterCIDRs];
    const isIpv6Only = ranges.length > 0 && ranges.every((range) => range.family === "ipv6");
    const family = statement.family ?? (isIpv6Only ? "ipv6" : "ipv4");
    const read = readMask(item.text, family);
    if (read.kind === "none") this.warn({ line: item.line, reason: `${statement.key} ${read.reason}` });
    if (read.kind === "invalid") this.#refuse(statement, { line: item.line, value: read.shown, reason: read.reason });
    if (read.kind !== "length") return;
    const { length } = read;
    this.#mask[family] = length;
    this.#findings.push({ line: item.line, key: statement.key, value: String(length), meaning: "mask" });
  }
}
