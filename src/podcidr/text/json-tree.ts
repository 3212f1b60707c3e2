// JSON text to a tree with lines, through jsonc-parser: `JSON.parse` gives no positions, and the YAML library takes seconds for the
// megabytes a cluster's node list can have. Accepts exactly JSON, several values in a row.

import type { JSONVisitor } from "jsonc-parser";
import type { Tree, TreeEntry } from "./tree.ts";

/**
 * The library, loaded at its first use: a node without JSON sources does not pay for it. By its ES module: the package's own main
 * file requires its parts in a way that does not survive compilation.
 */
function library(): typeof import("jsonc-parser") {
  return require("jsonc-parser/lib/esm/main.js") as typeof import("jsonc-parser");
}

/** Deeper than any real file, shallow enough for every recursive reader. */
const maxDepth = 500;

export interface JsonLimits {
  /** Most values in a row. @default no limit */
  readonly maxValues?: number;
}

/** The values in a JSON text, or undefined when it is not JSON, is nested absurdly deep or has more values than allowed. */
export function parseJsonTree(text: string, limits: JsonLimits = {}): readonly Tree[] | undefined {
  const { maxValues = Number.POSITIVE_INFINITY } = limits;
  if (isDeeperThan(maxDepth, text)) return undefined;
  try {
    return parseAll(text, maxValues);
  } catch (error) {
    if (error instanceof NotJson) return undefined;
    throw error;
  }
}

/** @throws NotJson */
function parseAll(text: string, maxValues: number): readonly Tree[] {
  const values: Tree[] = [];
  let next: Rest | undefined = { offset: 0, line: 1 };
  while (next !== undefined) {
    const builder: TreeBuilder = new TreeBuilder(text.slice(next.offset), next.line);
    library().visit(builder.text, builder, { disallowComments: true });
    if (builder.root === undefined || values.length >= maxValues) throw new NotJson();
    values.push(builder.root);
    next = builder.rest === undefined ? undefined : { ...builder.rest, offset: next.offset + builder.rest.offset };
  }
  return values;
}

/** Ends a visit at its first fault: going on behind it takes the library seconds a megabyte of some texts. */
class NotJson extends Error {}

/** By brackets alone, in strings and comments too: what is refused wrongly is still read line by line. */
export function isDeeperThan(limit: number, text: string): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (char === 0x5b || char === 0x7b) depth += 1;
    else if ((char === 0x5d || char === 0x7d) && depth > 0) depth -= 1;
    if (depth > limit) return true;
  }
  return false;
}

/** Where the next value begins. */
interface Rest {
  readonly offset: number;
  readonly line: number;
}

type Open =
  | { readonly kind: "map"; readonly line: number; readonly entries: TreeEntry[]; key: Omit<TreeEntry, "value"> }
  | { readonly kind: "list"; readonly line: number; readonly items: Tree[] };

/** jsonc-parser's error for text behind the value, which it declares in a way that an isolated module cannot import. */
const endOfFileExpected = 9;

/** Builds the tree of the first value in a text. */
class TreeBuilder implements JSONVisitor {
  readonly text: string;
  readonly #firstLine: number;
  readonly #open: Open[] = [];
  root: Tree | undefined;
  rest: Rest | undefined;

  constructor(text: string, firstLine: number) {
    this.text = text;
    this.#firstLine = firstLine;
  }

  readonly onObjectBegin = (_offset: number, _length: number, line: number): void => {
    this.#open.push({ kind: "map", line: this.#firstLine + line, entries: [], key: { key: "", line } });
  };

  readonly onArrayBegin = (_offset: number, _length: number, line: number): void => {
    this.#open.push({ kind: "list", line: this.#firstLine + line, items: [] });
  };

  readonly onObjectProperty = (key: string, _offset: number, _length: number, line: number): void => {
    const map = this.#open.at(-1);
    if (map?.kind === "map") map.key = { key, line: this.#firstLine + line };
  };

  readonly onLiteralValue = (value: unknown, offset: number, length: number, line: number): void => {
    const source = value === null ? undefined : this.text.slice(offset, offset + length);
    const text = typeof value === "string" ? value : source;
    this.#add({ kind: "scalar", line: this.#firstLine + line, text });
  };

  readonly onObjectEnd = (): void => this.#close();
  readonly onArrayEnd = (): void => this.#close();

  readonly onError = (error: number, offset: number, _length: number, line: number): void => {
    if (error === endOfFileExpected) this.rest = { offset, line: this.#firstLine + line };
    else throw new NotJson();
  };

  #close(): void {
    const closed = this.#open.pop();
    if (closed?.kind === "map") this.#add({ kind: "map", line: closed.line, entries: closed.entries });
    else if (closed?.kind === "list") this.#add(closed);
  }

  #add(value: Tree): void {
    const container = this.#open.at(-1);
    if (container === undefined) this.root = value;
    else if (container.kind === "list") container.items.push(value);
    else container.entries.push({ ...container.key, value });
  }
}
