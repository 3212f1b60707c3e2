// What a reader of one kind of document gets and gives. Readers are pure: they look at one document and write claims.

import type { Claims } from "../inspect/statements.ts";
import { itemsOf, type Tree, textAt } from "../text/tree.ts";

/** A text inside a document that is a document itself, e.g. a value of a ConfigMap. */
export interface NestedText {
  readonly text: string;
  readonly line: number;
  /** As in `TreeScalar`: undefined when all of its text stands on `line`. */
  readonly bodyLine: number | undefined;
  /** What the text is called, e.g. the ConfigMap's key: a hint on its kind. */
  readonly name: string;
  /** Whether it is a file or script of this node or cluster, so that bare keys and scripts in it count. @default false */
  readonly isFile?: boolean;
}

export interface ReadContext {
  readonly claims: Claims;
  /** Node objects met so far in the file: of many only this node's counts, and that is decided at the end. */
  readonly nodes: NodeEntry[];
  /** Reads a document inside this one; only documents of a known kind count in there. */
  nested(text: NestedText): void;
}

/** A Node object and what it says. */
export interface NodeEntry {
  readonly name: string | undefined;
  readonly line: number;
  /** Its own claims, apart until it is known whether it is this node. */
  readonly claims: Claims;
}

/** A document's `apiVersion` and `kind`; empty strings where it has none. */
export interface DocumentType {
  /** The part before the slash; "" for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
}

export function documentType(tree: Tree): DocumentType {
  const apiVersion = (textAt(tree, "apiVersion") ?? "").trim();
  const slash = apiVersion.indexOf("/");
  return {
    group: slash < 0 ? "" : apiVersion.slice(0, slash),
    version: apiVersion.slice(slash + 1),
    kind: (textAt(tree, "kind") ?? "").trim(),
  };
}

/** Hands the strings of a list, or one string, to `context.nested`. */
export function nestedItems(context: ReadContext, tree: Tree | undefined, name: string): void {
  for (const item of itemsOf(tree)) {
    if (item.kind === "scalar" && item.text !== undefined) {
      context.nested({ text: item.text, line: item.line, bodyLine: item.bodyLine, name });
    }
  }
}
