// YAML text to trees with lines, through the `yaml` library, which is loaded only when a file needs it. Aliases are shared,
// never expanded, so an alias bomb stays as small as its text. Nothing of the library's messages gets out: they quote the file.

import type { Alias, Document, Node, Pair, Scalar, YAMLMap, YAMLSeq } from "yaml";
import { withFlowIndented } from "./flow-indent.ts";
import { parsePlainYaml } from "./plain-yaml.ts";
import type { Tree, TreeEntry, TreeList, TreeMap } from "./tree.ts";

export interface YamlDocument {
  /** Undefined for an empty document and for one that is not valid YAML. */
  readonly tree: Tree | undefined;
  /** The line of the first fault; undefined when the document is valid. */
  readonly brokenLine: number | undefined;
  /** Lines the document takes, first and last, counted in the whole file. */
  readonly firstLine: number;
  readonly lastLine: number;
}

/** The YAML library, loaded at its first use: 3.6 ms that a node without YAML sources does not pay. */
function library(): typeof import("yaml") {
  return require("yaml") as typeof import("yaml");
}

/**
 * Every document in a YAML text. Never throws.
 * @param firstLine the line of the file this text begins at.
 */
export function parseYamlTrees(text: string, firstLine = 1): readonly YamlDocument[] {
  const tree = parsePlainYaml(text, firstLine);
  if (tree === undefined) return parseLibraryYaml(text, firstLine);
  return [{ tree, brokenLine: undefined, firstLine: tree.line, lastLine: firstLine + countLines(text) - 1 }];
}

/** The same by the library alone: for tests, which hold the plain reader against it. */
export function parseLibraryYaml(text: string, firstLine: number): readonly YamlDocument[] {
  const strict = parseStrictly(text, firstLine);
  if (brokenOf(strict) === 0) return strict;
  const moved = withFlowIndented(text);
  if (moved === undefined) return strict;
  const lenient = parseStrictly(moved, firstLine);
  return brokenOf(lenient) < brokenOf(strict) ? lenient : strict;
}

function brokenOf(documents: readonly YamlDocument[]): number {
  return documents.filter(({ brokenLine }) => brokenLine !== undefined).length;
}

function parseStrictly(text: string, firstLine: number): readonly YamlDocument[] {
  const lineAt = lineIndex(text, firstLine);
  const lastLine = firstLine + countLines(text) - 1;
  const parsed = composeAll(text);
  if (typeof parsed === "number") return oneByOne(text, firstLine, lineAt(parsed));
  return parsed.map((document, index) => {
    const next = parsed[index + 1];
    const begin = lineAt(document.range[0]);
    const end = next === undefined ? lastLine : Math.max(begin, lineAt(next.range[0]) - 1);
    const [error] = document.errors;
    const broken = { tree: undefined, firstLine: begin, lastLine: end };
    if (error !== undefined) return { ...broken, brokenLine: lineAt(error.pos[0]) };
    try {
      const tree = new TreeBuilder(lineAt, text).build(document.contents);
      return { tree, brokenLine: undefined, firstLine: begin, lastLine: end };
    } catch {
      // Nested so deep that the stack does not hold it.
      return { ...broken, brokenLine: begin };
    }
  });
}

/** The documents of a text that is far from YAML, each by itself: one that is broken must not take the others with it. */
function oneByOne(text: string, firstLine: number, brokenLine: number): readonly YamlDocument[] {
  const begins = [0, ...Array.from(text.matchAll(/^---(?=\s|$)/gm), ({ index }) => index)].filter((at) => at > 0);
  if (begins.length === 0 || begins.length > maxSeparate) {
    return [{ tree: undefined, brokenLine, firstLine, lastLine: firstLine + countLines(text) - 1 }];
  }
  let line = firstLine;
  return [0, ...begins].flatMap((at, index) => {
    const part = text.slice(at, begins[index]);
    const here = line;
    line += countLines(part);
    return part.trim() === "" ? [] : parseStrictly(part, here);
  });
}

/**
 * The line an offset lies in. The library's own counter misses the line feeds of comments inside a run of plain text.
 */
function lineIndex(text: string, firstLine: number): (offset: number) => number {
  const ends: number[] = [];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) ends.push(at);
  return (offset) => {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ends[middle] ?? offset) < offset) low = middle + 1;
      else high = middle;
    }
    return firstLine + low;
  };
}

/** Documents that are tried one by one. */
const maxSeparate = 200;
/** Stray marks between documents after which a text is taken for no YAML at all: each would cost memory. */
const maxStrayTokens = 20;

/**
 * The library's documents; the offset of the first fault when the text is far from YAML, or nested so deep that the stack does not
 * hold it.
 */
function composeAll(text: string): readonly Document.Parsed[] | number {
  const yaml = library();
  const documents: Document.Parsed[] = [];
  const stray: number[] = [];
  try {
    // Turning positions into excerpts is quadratic on long lines, and excerpts must not be shown anyway.
    const composer = new yaml.Composer({
      logLevel: "silent",
      prettyErrors: false,
      uniqueKeys: false,
    });
    for (const token of new yaml.Parser().parse(text)) {
      if (token.type === "error") stray.push(token.offset);
      if (stray.length > maxStrayTokens) return stray[0] ?? 0;
      documents.push(...(composer.next(token) as Iterable<Document.Parsed>));
    }
    documents.push(...(composer.end(false, text.length) as Iterable<Document.Parsed>));
    return documents;
  } catch {
    return stray[0] ?? 0;
  }
}

/** Lines of a text: one more than its line feeds, without an empty last one. */
export function countLines(text: string): number {
  let count = 1;
  for (let at = text.indexOf("\n"); at >= 0 && at < text.length - 1; at = text.indexOf("\n", at + 1)) count += 1;
  return count;
}

/** Deeper than any real file, shallow enough for every recursive reader. */
const maxHeight = 500;

class TreeBuilder {
  readonly #lineAt: (offset: number) => number;
  readonly #text: string;
  readonly #anchors = new Map<string, Tree>();
  readonly #heights = new Map<Tree, number>();
  /** How many more entries merges may copy: maps that merge maps that merge maps would otherwise grow without bound. */
  #mergeBudget = 50_000;

  constructor(lineAt: (offset: number) => number, text: string) {
    this.#lineAt = lineAt;
    this.#text = text;
  }

  build(node: Node | null): Tree | undefined {
    return node === null ? undefined : this.#node(node, 1);
  }

  #node(node: Node | null | undefined, line: number): Tree {
    const yaml = library();
    if (node === null || node === undefined) return { kind: "scalar", line, text: undefined };
    if (yaml.isAlias(node)) return this.#alias(node);
    const here = node.range === null || node.range === undefined ? line : this.#lineAt(node.range[0]);
    const tree = yaml.isMap(node)
      ? this.#map(node, here)
      : yaml.isSeq(node)
        ? this.#list(node, here)
        : this.#scalar(node as Scalar, here);
    if ("anchor" in node && node.anchor !== undefined) this.#anchors.set(node.anchor, tree);
    return tree;
  }

  /** What the anchor holds, a scalar with the line of its use: that is where its reader looks. */
  #alias(node: Alias): Tree {
    const line = node.range === null || node.range === undefined ? 1 : this.#lineAt(node.range[0]);
    const target = this.#anchors.get(node.source);
    // An alias to something that contains it would be a cycle: it is not in the map yet and counts as nothing.
    if (target === undefined) return { kind: "scalar", line, text: undefined };
    return target.kind === "scalar" ? { kind: "scalar", line, text: target.text } : target;
  }

  #list(node: YAMLSeq, line: number): TreeList {
    const items = node.items.map((item) => this.#node(item as Node | null, line));
    return this.#measured({ kind: "list", line, items }, items);
  }

  /** Notes how deep a collection is: aliases can nest what the text does not. @throws RangeError when too deep. */
  #measured<T extends TreeMap | TreeList>(tree: T, children: readonly Tree[]): T {
    const height = children.reduce((most, child) => Math.max(most, this.#heights.get(child) ?? 0), 0) + 1;
    if (height > maxHeight) throw new RangeError("nested too deep");
    this.#heights.set(tree, height);
    return tree;
  }

  #map(node: YAMLMap, line: number): TreeMap {
    const own: TreeEntry[] = [];
    const merged: TreeEntry[] = [];
    for (const pair of node.items as Pair<Node | null, Node | null>[]) {
      const key = this.#node(pair.key, line);
      const value = this.#node(pair.value, key.line);
      if (key.kind !== "scalar") continue;
      if (key.text === "<<") merged.push(...this.#mergedEntries(value));
      else own.push({ key: key.text ?? "", line: key.line, value });
    }
    // Look-ups take the last of a repeated key: what a map says itself wins over what it merges.
    const entries = merged.length === 0 ? own : [...merged, ...own];
    const values = entries.map(({ value }) => value);
    return this.#measured({ kind: "map", line, entries }, values);
  }

  /** The entries of a merged map, or of a list of maps, the one that wins last. */
  #mergedEntries(value: Tree): readonly TreeEntry[] {
    const maps = value.kind === "list" ? value.items.toReversed() : [value];
    const entries: TreeEntry[] = [];
    for (const map of maps) {
      if (map.kind !== "map" || map.entries.length > this.#mergeBudget) continue;
      this.#mergeBudget -= map.entries.length;
      entries.push(...map.entries);
    }
    return entries;
  }

  #scalar(node: Scalar, line: number): Tree {
    if (node.value === null || node.value === undefined) return { kind: "scalar", line, text: undefined };
    const text = typeof node.value === "string" ? node.value : (node.source ?? String(node.value));
    const isFolded = node.type === "BLOCK_FOLDED";
    if (node.range === null || node.range === undefined) return { kind: "scalar", line, text };
    if (!isFolded && node.type !== "BLOCK_LITERAL") {
      const source = this.#text.slice(node.range[0], node.range[1]);
      return source.includes("\n")
        ? { kind: "scalar", line, text, spread: { text: source, line } }
        : { kind: "scalar", line, text };
    }
    // The header (`|-2 # comment`) takes one line, whatever it says.
    const headerEnd = this.#text.indexOf("\n", node.range[0]);
    if (headerEnd < 0) return { kind: "scalar", line, text };
    const bodyLine = this.#lineAt(headerEnd + 1);
    if (!isFolded) return { kind: "scalar", line, text, bodyLine };
    return {
      kind: "scalar",
      line,
      text,
      unfolded: { text: this.#text.slice(headerEnd + 1, node.range[1]), line: bodyLine },
    };
  }
}
