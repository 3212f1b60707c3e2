// What a reader of one format is, and what it gets. Readers are pure: they look at one document, or one text, and write statements.

import type { Meaning, Statements } from "../statements.ts";
import { type Tree, textAt } from "../text/tree.ts";

/**
 * One format. `object` reads documents that say their kind, `plain` those without one, by their keys, `text` a text that is no YAML
 * and no JSON; each gives the word for what it has read, undefined for what is not of its format. Of several readers the first that
 * knows a document reads it, so one that takes any document stands last.
 */
export interface Reader {
  /** The format's name for the table of sources in the docs, in Markdown. */
  readonly format: string;
  /** What it finds there, by meaning, for the same table. */
  readonly finds: Readonly<Partial<Record<Meaning, string>>>;
  readonly object?: (tree: Tree, context: ReadContext, type: DocumentType) => string | undefined;
  readonly plain?: (tree: Tree, context: ReadContext) => string | undefined;
  readonly text?: (text: string, context: ReadContext, firstLine: number) => string | undefined;
  /** States what lines of a text say beside flags and keys, unless it is documentation or a program's source. */
  readonly lines?: (text: TextLines, statements: Statements) => void;
  /** Whether its plain documents are of their format in a ConfigMap too, where any document could be anybody's. @default false */
  readonly isKnownAnywhere?: boolean;
}

/** A text that could not be parsed; a line of it that is too long to be read is empty. */
export interface TextLines {
  readonly lines: readonly string[];
  /** The line of the file for an index of `lines`. */
  readonly lineOf: (index: number) => number;
}

/** A text inside a document that is a document itself, e.g. a value of a ConfigMap. */
export interface NestedText {
  readonly text: string;
  readonly line: number;
  /** As in `TreeScalar`: undefined when all of its text stands on `line`. */
  readonly bodyLine: number | undefined;
  /** Whether it is a file or script of this node or cluster, so that bare keys and scripts in it count. @default false */
  readonly isFile?: boolean;
}

export interface ReadContext {
  readonly statements: Statements;
  /** Node objects met so far in the file: of many only this node's counts, and that is decided at the end. */
  readonly nodes: NodeEntry[];
  /** Whether the document stands inside another one. */
  readonly isNested: boolean;
  /** Whether the document is a part of a file that can be anybody's: a value of a ConfigMap. */
  readonly isShared: boolean;
  /** Reads a document inside this one. */
  nested(text: NestedText): void;
  /** Reads an item of a list of objects; `kind` is what its list says of items that leave it out. */
  item(tree: Tree, kind: string): void;
}

/** A Node object and what it says. */
export interface NodeEntry {
  readonly name: string | undefined;
  readonly line: number;
  /** What it says, apart until it is known whether it is this node. */
  readonly statements: Statements;
}

/** A document's `apiVersion` and `kind`; empty strings where it has none. */
export interface DocumentType {
  /** The part before the slash; "" for the core group. */
  readonly group: string;
  readonly kind: string;
}

export function documentType(tree: Tree): DocumentType {
  const apiVersion = (textAt(tree, "apiVersion") ?? "").trim();
  const slash = apiVersion.indexOf("/");
  return {
    group: slash < 0 ? "" : apiVersion.slice(0, slash),
    kind: (textAt(tree, "kind") ?? "").trim(),
  };
}
