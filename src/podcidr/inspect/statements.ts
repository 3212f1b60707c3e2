// What a reader of one kind of file says: "this text, at this line, under this key, means that". No judgement here: whether
// the text is a CIDR, and one that can be used, `judge.ts` decides for all kinds alike.

import { itemsOf, type Tree } from "../text/tree.ts";

export type Meaning = "node" | "cluster" | "service" | "mask";

/** One piece of text that stands for one CIDR or one prefix length. */
export interface ClaimItem {
  readonly text: string;
  readonly line: number;
}

export interface Claim {
  readonly meaning: Meaning;
  /** The key as a person would look for it: `networking.podSubnet`, `--cluster-cidr`, `FLANNEL_SUBNET`. */
  readonly key: string;
  readonly items: readonly ClaimItem[];
  /**
   * Who says it, where that changes how it is judged: the API server assigns a Node's `podCIDR`, so its size is not doubted;
   * flannel writes its gateway's address with host bits; kube reads flags with an older parser (leading zeros); a conflist's
   * range is what this node's pods get, whatever its size, and a tool's private network is the same on each machine; deep in a
   * document of no known kind a node's CIDR is anybody's.
   */
  readonly by?: "api-server" | "anybody" | "conflist" | "private-conflist" | "flannel" | "flag" | undefined;
  /** For masks: the family it is for; undefined means the single family of the cluster. */
  readonly family?: "ipv4" | "ipv6" | undefined;
}

/** A remark that is no value: something passed over, and why. Never holds text of the file. */
export interface Remark {
  readonly line?: number | undefined;
  readonly reason: string;
}

/** No real file says more; the answer to one that does stays short. */
const maxClaims = 1000;
const maxRemarks = 100;

/** What readers write into. */
export class Claims {
  readonly claims: Claim[] = [];
  readonly remarks: Remark[] = [];
  #isFull = false;

  add(claim: Claim): void {
    if (claim.items.length === 0) return;
    if (this.claims.length < maxClaims) this.claims.push(claim);
    else if (!this.#isFull) {
      this.#isFull = true;
      const line = claim.items[0]?.line;
      this.remarks.unshift({ line, reason: `says more than ${maxClaims} values: the rest was passed over` });
    }
  }

  /** Claims the values of a tree: a scalar (comma list) or a list of scalars. Nothing, null and maps claim nothing. */
  addTree(meaning: Meaning, key: string, tree: Tree | undefined, options: Pick<Claim, "by" | "family"> = {}): void {
    this.add({ meaning, key, items: claimItems(tree), ...options });
  }

  /** What is said of the cluster alone. */
  withoutNodes(): Claims {
    const rest = new Claims();
    rest.claims.push(...this.claims.filter(({ meaning }) => meaning !== "node"));
    return rest;
  }

  remark(reason: string, line?: number): void {
    if (this.remarks.length < maxRemarks) this.remarks.push({ line, reason });
  }
}

/** Most values a real key has is two; a list of thousands is noise and is cut. */
const maxItems = 64;

/** The texts of a tree that holds CIDRs, comma lists taken apart, empty ones left out. */
export function claimItems(tree: Tree | undefined): readonly ClaimItem[] {
  return itemsOf(tree)
    .slice(0, maxItems)
    .flatMap((item) => (item.kind === "scalar" && item.text !== undefined ? splitItems(item.text, item.line) : []))
    .slice(0, maxItems);
}

/** The pieces of a comma list, trimmed, quotes around the whole or a piece removed. */
export function splitItems(text: string, line: number): readonly ClaimItem[] {
  return unquote(text.slice(0, 4096))
    .split(",")
    .map((piece) => ({ text: unquote(piece), line }))
    .filter((item) => item.text !== "")
    .slice(0, maxItems);
}

function unquote(text: string): string {
  return text
    .trim()
    .replace(/^(["'])(.*)\1$/s, "$2")
    .trim();
}
