// What a reader of one format says: "this text, at this line, under this key, means that". Nothing is judged here: whether the text
// is a CIDR, and one that can be used, `classify.ts` decides for all formats alike.

import { itemsOf, type Tree } from "./text/tree.ts";

export type Meaning = "node" | "cluster" | "service" | "mask";

/** One piece of text that stands for one CIDR or one prefix length. */
export interface StatedValue {
  readonly text: string;
  readonly line: number;
}

/** Whose a network is that a node's pods get addresses of, and is not the node's own. */
export interface Foreign {
  /** A tool's, the same on each machine; or that of the network the node itself is attached to. */
  readonly whose: "tool" | "wire";
  /** The end of a sentence that begins with the range's key. */
  readonly why: string;
  /** Whether pods get it beside their own network, so that nothing looks for their range there. @default false */
  readonly isFurther?: boolean;
}

export interface Statement {
  readonly meaning: Meaning;
  /** The key as a person would look for it: `networking.podSubnet`, `--cluster-cidr`, `FLANNEL_SUBNET`. */
  readonly key: string;
  readonly values: readonly StatedValue[];
  /**
   * Where it stands, if that changes what is made of it: the API server assigns a Node's `podCIDR`, so its size is not doubted;
   * flannel writes its gateway's address with host bits; kube reads flags with an older parser (leading zeros); a conflist's
   * range is what this node's pods get, whatever its size; deep in a document of no known kind a node's CIDR is anybody's.
   */
  readonly by?: "api-server" | "anybody" | "conflist" | "flannel" | "flag" | undefined;
  /** Whose a conflist's range is, when it is not this node's own. */
  readonly foreign?: Foreign | undefined;
  /** The bridge a conflist's range is on. */
  readonly device?: string | undefined;
  /** The places of values that its program does not take because of this one: `/etc/rancher/k3s/config.yaml:3`. */
  readonly insteadOf?: readonly string[] | undefined;
  /** For a Node object: which server it was fetched from, and when, where that is known. */
  readonly origin?: string | undefined;
  /** For masks: the family it is for; undefined means the single family of the cluster. */
  readonly family?: "ipv4" | "ipv6" | undefined;
}

/** A remark that is no value: something passed over, and why. Never holds text of the file. */
export interface Remark {
  readonly line?: number | undefined;
  readonly reason: string;
}

/** No real file says more; the answer to one that does stays short. */
const maxStatements = 1000;
const maxRemarks = 100;

/** What readers write into. */
export class Statements {
  readonly list: Statement[] = [];
  readonly remarks: Remark[] = [];
  #isFull = false;

  add(statement: Statement): void {
    if (statement.values.length === 0) return;
    if (this.list.length < maxStatements) this.list.push(statement);
    else if (!this.#isFull) {
      this.#isFull = true;
      const line = statement.values[0]?.line;
      this.remarks.unshift({ line, reason: `says more than ${maxStatements} values: the rest was passed over` });
    }
  }

  /** Adds the values of a tree: a scalar (comma list) or a list of scalars. Nothing, null and maps add nothing. */
  addTree(
    meaning: Meaning,
    key: string,
    tree: Tree | undefined,
    options: Pick<Statement, "by" | "family" | "origin"> = {},
  ): void {
    this.add({ meaning, key, values: valuesIn(tree), ...options });
  }

  /** Adds what was stated apart. */
  addAll(others: Statements): void {
    this.list.push(...others.list);
    this.remarks.push(...others.remarks);
  }

  /** What is said of the cluster alone. */
  withoutNodes(): Statements {
    const rest = new Statements();
    rest.list.push(...this.list.filter(({ meaning }) => meaning !== "node"));
    return rest;
  }

  remark(reason: string, line?: number): void {
    if (this.remarks.length < maxRemarks) this.remarks.push({ line, reason });
  }
}

/** Most values a real key has is two; a list of thousands is noise and is cut. */
export const maxValues = 64;

/** The texts of a tree that holds CIDRs, comma lists taken apart, empty ones left out. */
export function valuesIn(tree: Tree | undefined): readonly StatedValue[] {
  return itemsOf(tree)
    .slice(0, maxValues)
    .flatMap((item) => (item.kind === "scalar" && item.text !== undefined ? splitValues(item.text, item.line) : []))
    .slice(0, maxValues);
}

/** The pieces of a comma list, trimmed, quotes around the whole or a piece removed. */
export function splitValues(text: string, line: number): readonly StatedValue[] {
  return unquote(text.slice(0, 4096))
    .split(",")
    .map((piece) => ({ text: unquote(piece), line }))
    .filter((value) => value.text !== "")
    .slice(0, maxValues);
}

/** A text without blanks and one pair of quotes around it. */
export function unquote(text: string): string {
  return text
    .trim()
    .replace(/^(["'])(.*)\1$/s, "$2")
    .trim();
}
