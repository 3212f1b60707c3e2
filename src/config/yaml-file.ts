// Reads the text of a configuration file into values with their lines. The text must be one YAML document with each key
// once: of two values for one key, neither may win by accident.

import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseAllDocuments,
  type YAMLMap,
} from "yaml";
import type { ConfigIssue } from "../sys/errors.ts";
import { invalidConfig } from "./config.ts";

type Scalar = string | number | boolean | null;

/** A value with the line where it, or its key, stands. */
export type Located = { readonly line: number } & (
  | { readonly kind: "scalar"; readonly value: Scalar }
  | { readonly kind: "list"; readonly items: readonly Located[] }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, Located> }
);

/** More values than a written configuration has; only aliases of aliases reach it. */
const maxValues = 20_000;
const maxDepth = 50;

/**
 * The document; an empty one is an empty map.
 * @throws ConfigError HC_CONFIG_INVALID with every reason why the text is no document.
 */
export function parseYamlFile(text: string, file: string): Located {
  const lines = new LineCounter();
  const issueAt = (offset: number, message: string): ConfigIssue => {
    return { path: "", message, file, line: lines.linePos(offset).line };
  };
  // The library would compare each key of a map with all before it: with thousands of nodes that takes seconds.
  const options = { merge: true, uniqueKeys: false, lineCounter: lines, prettyErrors: false };
  const parsed = parseAllDocuments(text, options);
  const documents = Array.isArray(parsed) ? parsed : [];
  const issues = documents.flatMap((document) =>
    [...document.errors, ...document.warnings].map(({ message, pos }) =>
      issueAt(pos[0], `not valid YAML: ${withoutSource(message)}`),
    ),
  );
  const [document, second] = documents;
  if (second !== undefined) issues.push(issueAt(second.range[0], "a second YAML document begins; keep only one"));
  const reader = document === undefined ? undefined : new Reader(document, lines);
  let whole: Located | undefined;
  try {
    if (document !== undefined && document.contents !== null) whole = reader?.read(document.contents, []);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    // In a text that is not YAML, this is a consequence of the faults already listed.
    if (issues.length === 0) issues.push(issueAt(error.offset, error.message));
  }
  for (const offset of reader?.repeatedKeys ?? []) issues.push(issueAt(offset, "this key stands twice; keep one"));
  if (issues.length > 0) throw invalidConfig(issues);
  return whole ?? { line: 1, kind: "map", entries: new Map() };
}

/** The library puts the text it stumbles over behind a colon or a backslash: it may be of a key or password. */
function withoutSource(message: string): string {
  return message.replace(/(?:: | \\).*/s, "");
}

class Refused extends Error {
  readonly offset: number;
  constructor(node: Node | null, message: string) {
    super(message);
    this.offset = node?.range?.[0] ?? 0;
  }
}

class Reader {
  readonly #document: Document;
  readonly #lines: LineCounter;
  /** Offsets of keys that repeat a key of the same map. */
  readonly repeatedKeys = new Set<number>();
  #left = maxValues;

  constructor(document: Document, lines: LineCounter) {
    this.#document = document;
    this.#lines = lines;
  }

  /** @param open the collections around `node`: an alias to one of them would never end. */
  read(node: Node, open: readonly Node[]): Located {
    this.#left -= 1;
    if (this.#left < 0) throw new Refused(node, `more than ${maxValues} values once aliases are followed`);
    if (open.length > maxDepth) throw new Refused(node, `more than ${maxDepth} levels deep`);
    if (isAlias(node)) {
      const target = node.resolve(this.#document);
      if (target === undefined) throw new Refused(node, `nothing above is named &${node.source}`);
      if (open.includes(target)) throw new Refused(node, `&${node.source} holds itself`);
      return this.read(target, open);
    }
    const line = this.#lineOf(node);
    if (isScalar(node)) return { line, kind: "scalar", value: readScalar(node.value) };
    if (isSeq<Node>(node)) {
      return { line, kind: "list", items: node.items.map((item) => this.read(item, [...open, node])) };
    }
    if (isMap<Node, Node | null>(node)) {
      return { line, kind: "map", entries: this.#readMap(node, [...open, node]) };
    }
    throw new Refused(node, "neither a map, a list nor a value");
  }

  #readMap(map: YAMLMap<Node, Node | null>, open: readonly Node[]): ReadonlyMap<string, Located> {
    const own = new Map<string, Located>();
    const merged = new Map<string, Located>();
    const names = new Set<string>();
    for (const { key, value } of map.items) {
      if (!isScalar(key)) throw new Refused(key, "a key is not a word");
      const name = String(key.value);
      if (names.has(name)) this.repeatedKeys.add(key.range?.[0] ?? 0);
      names.add(name);
      const line = this.#lineOf(key);
      const child: Located = value === null ? { line, kind: "scalar", value: null } : this.read(value, open);
      // With `merge` the library reads the key << as a symbol. Keys of earlier sources win, own keys win over all.
      if (typeof key.value !== "symbol") own.set(name, { ...child, line });
      else for (const [inner, item] of mergeSources(key, child)) if (!merged.has(inner)) merged.set(inner, item);
    }
    return new Map([...merged, ...own]);
  }

  #lineOf(node: Node): number {
    return this.#lines.linePos(node.range?.[0] ?? 0).line;
  }
}

function mergeSources(key: Node, from: Located): readonly [string, Located][] {
  const sources = from.kind === "list" ? from.items : [from];
  return sources.flatMap((source) => {
    if (source.kind === "map") return [...source.entries];
    throw new Refused(key, "<< takes a map or a list of maps");
  });
}

function readScalar(value: unknown): Scalar {
  const isPlain =
    value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean";
  return isPlain ? value : String(value);
}
