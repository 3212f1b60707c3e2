// JSON text to a tree with lines. `JSON.parse` gives no positions and the YAML library takes seconds for the
// megabytes a cluster's node list can have; this is neither recursive nor slow. Accepts exactly JSON, several values in a row.

import type { Tree, TreeEntry } from "./tree.ts";

interface OpenMap {
  readonly kind: "map";
  readonly line: number;
  readonly entries: TreeEntry[];
  key: { readonly text: string; readonly line: number } | undefined;
}
interface OpenList {
  readonly kind: "list";
  readonly line: number;
  readonly items: Tree[];
}
/** What may come next; the `first-` ones allow an empty container. */
type Expectation = "value" | "first-value" | "key" | "first-key" | "comma";

const scalarPattern = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const colonPattern = /[ \t\n]*:/y;
const spacePattern = /[ \t]+/y;
/** Deeper than any real file, shallow enough for every recursive reader. */
const maxDepth = 500;

export interface JsonLimits {
  /** Most values in a row. @default no limit */
  readonly maxValues?: number;
}

/** The values in a JSON text, or undefined when it is not JSON, is nested absurdly deep or has more values than allowed. */
export function parseJsonTree(text: string, limits: JsonLimits = {}): readonly Tree[] | undefined {
  const parser = new JsonParser(text, limits.maxValues ?? Number.POSITIVE_INFINITY);
  return parser.parse() ? parser.values : undefined;
}

class JsonParser {
  readonly values: Tree[] = [];
  readonly #text: string;
  readonly #open: (OpenMap | OpenList)[] = [];
  #offset = 0;
  readonly #maxValues: number;
  #line = 1;
  /** Where the first line feed behind the last string is, as far as looked for. */
  #nextLineFeed = -1;
  #expect: Expectation = "value";

  constructor(text: string, maxValues: number) {
    this.#text = text;
    this.#maxValues = maxValues;
  }

  /** Whether the whole text is JSON. */
  parse(): boolean {
    while (this.#offset < this.#text.length) {
      if (this.values.length > this.#maxValues || !this.#step(this.#text[this.#offset] ?? "")) return false;
    }
    return this.#open.length === 0 && this.values.length > 0;
  }

  #step(char: string): boolean {
    switch (char) {
      case "\n":
        this.#line += 1;
        this.#offset += 1;
        return true;
      case " ":
      case "\t":
        return this.#take(spacePattern) !== undefined;
      case "{":
      case "[":
        return this.#begin(char);
      case "}":
      case "]":
        return this.#end(char === "}" ? "map" : "list");
      case ",":
        if (this.#expect !== "comma") return false;
        this.#expect = this.#open.at(-1)?.kind === "map" ? "key" : "value";
        this.#offset += 1;
        return true;
      case '"':
        return this.#string();
      default:
        return this.#scalar();
    }
  }

  #begin(char: "{" | "["): boolean {
    if (!this.#mayBeValue() || this.#open.length >= maxDepth) return false;
    const line = this.#line;
    this.#open.push(
      char === "{" ? { kind: "map", line, entries: [], key: undefined } : { kind: "list", line, items: [] },
    );
    this.#expect = char === "{" ? "first-key" : "first-value";
    this.#offset += 1;
    return true;
  }

  #end(kind: "map" | "list"): boolean {
    const closed = this.#open.pop();
    if (closed?.kind !== kind) return false;
    if (this.#expect !== "comma" && this.#expect !== (kind === "map" ? "first-key" : "first-value")) return false;
    this.#offset += 1;
    this.#add(closed.kind === "map" ? { kind: "map", line: closed.line, entries: closed.entries } : closed);
    return true;
  }

  #string(): boolean {
    const token = this.#stringToken();
    const text = token === undefined ? undefined : stringValue(token);
    if (text === undefined) return false;
    const container = this.#open.at(-1);
    if (container?.kind === "map" && (this.#expect === "key" || this.#expect === "first-key")) {
      container.key = { text, line: this.#line };
      const colon = this.#take(colonPattern);
      if (colon === undefined) return false;
      this.#line += colon.split("\n").length - 1;
      this.#expect = "value";
      return true;
    }
    if (!this.#mayBeValue()) return false;
    this.#add({ kind: "scalar", line: this.#line, text });
    return true;
  }

  /** A string with its quotes; its escapes are checked by JSON.parse. No pattern: those give up on strings of megabytes. */
  #stringToken(): string | undefined {
    const begin = this.#offset;
    for (let end = this.#text.indexOf('"', begin + 1); end >= 0; end = this.#text.indexOf('"', end + 1)) {
      let escapes = 0;
      while (this.#text[end - 1 - escapes] === "\\") escapes += 1;
      if (escapes % 2 === 1) continue;
      if (this.#nextLineFeed < begin) {
        const found = this.#text.indexOf("\n", begin);
        this.#nextLineFeed = found < 0 ? this.#text.length : found;
      }
      if (this.#nextLineFeed < end) return undefined;
      this.#offset = end + 1;
      return this.#text.slice(begin, end + 1);
    }
    return undefined;
  }

  #scalar(): boolean {
    const token = this.#mayBeValue() ? this.#take(scalarPattern) : undefined;
    if (token === undefined) return false;
    this.#add({ kind: "scalar", line: this.#line, text: token === "null" ? undefined : token });
    return true;
  }

  #mayBeValue(): boolean {
    return this.#expect === "value" || this.#expect === "first-value";
  }

  #add(value: Tree): void {
    const container = this.#open.at(-1);
    if (container === undefined) {
      this.values.push(value);
      this.#expect = "value";
      return;
    }
    if (container.kind === "list") container.items.push(value);
    else if (container.key !== undefined) {
      container.entries.push({ key: container.key.text, line: container.key.line, value });
    }
    this.#expect = "comma";
  }

  #take(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#offset;
    const token = pattern.exec(this.#text)?.[0];
    if (token !== undefined) this.#offset += token.length;
    return token;
  }
}

function stringValue(token: string): string | undefined {
  if (!token.includes("\\")) return token.slice(1, -1);
  try {
    const value: unknown = JSON.parse(token);
    return typeof value === "string" ? value : undefined;
  } catch {
    // An escape that JSON does not have: the caller says that the text is not JSON.
    return undefined;
  }
}
