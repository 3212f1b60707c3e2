// A file's text to statements: takes it apart into documents and gives each to the first of some readers that knows it. Which readers
// those are, the table of sources says for the chain, and `inspect` for itself.

import { type LineScanOptions, scanLines } from "./readers/line-scan.ts";
import { selectNode } from "./readers/node-object.ts";
import { documentType, type NestedText, type NodeEntry, type ReadContext, type Reader } from "./readers/reader.ts";
import { Statements } from "./statements.ts";
import type { DecodedText } from "./text/decode.ts";
import { splitDocuments, type TextDocument } from "./text/documents.ts";
import { has, moveLines, type Tree } from "./text/tree.ts";

/** Larger files are no configuration; a cluster's node list of a thousand nodes has about this size. */
export const maxSourceBytes = 16 << 20;

/** What a text says, not yet classified. */
export interface Reading {
  /** What the file is, in one word: `kubeadm`, `node`, `kubeconfig`, `unknown` … */
  readonly kind: string;
  readonly statements: Statements;
  /** Node objects of other nodes, where this one's name is known. */
  readonly otherNodes: readonly NodeEntry[];
}

export interface ReadTextOptions {
  readonly readers: readonly Reader[];
  /** Tells this node's object from others'; without it a single Node object counts. */
  readonly nodeName: string | undefined;
  /** Whether the file's program reads its first document alone. @default false */
  readonly isOneDocument?: boolean | undefined;
}

/** Reads any text. Never throws. */
export function readText({ text, isBinary, repairs }: DecodedText, options: ReadTextOptions): Reading {
  const reader = new TextReader(text, options);
  const { statements } = reader;
  if (isBinary) {
    statements.remark("is not text");
    return { kind: "binary", statements, otherNodes: [] };
  }
  const kinds = reader.read({ text, line: 1, bodyLine: 1 });
  const otherNodes = selectNode(reader.nodes, options.nodeName, statements);
  for (const repair of repairs) statements.remark(repair);
  return { kind: commonKind(kinds), statements, otherNodes };
}

/** One word for a file of several documents: the word they share, else the first that says something. */
function commonKind(kinds: readonly string[]): string {
  const stated = kinds.filter((kind) => kind !== "empty");
  const known = stated.filter((kind) => kind !== "unknown" && kind !== "object");
  return known[0] ?? stated[0] ?? "empty";
}

const maxNesting = 4;

/** The first line of a script: whatever the documents in it look like, it was never meant to be YAML. */
const scriptMark = /^#!.*\b(?:[a-z]*sh|python[\d.]*|perl|ruby|node|bats)\b/;
const shellMark = /^#!.*sh\b/;

type ScanPlace = Pick<LineScanOptions, "firstLine" | "isOneLine" | "isShell">;

class TextReader implements ReadContext {
  readonly statements = new Statements();
  readonly nodes: NodeEntry[] = [];
  readonly #options: ReadTextOptions;
  readonly #isScript: boolean;
  /** Objects read already: an alias makes the same one stand in many places. */
  readonly #seen = new Set<Tree>();
  /** How much text inside documents may still be read, for the same reason: without aliases a file has no more at any depth. */
  #nestedBudget: number;
  #depth = 0;
  #isShared = false;

  constructor(text: string, options: ReadTextOptions) {
    this.#nestedBudget = maxNesting * text.length;
    this.#options = options;
    this.#isScript = scriptMark.test(text);
  }

  get isNested(): boolean {
    return this.#depth > 1;
  }

  get isShared(): boolean {
    return this.#isShared;
  }

  nested(text: NestedText): void {
    if (this.#depth >= maxNesting || text.text.length > this.#nestedBudget) return;
    this.#nestedBudget -= text.text.length;
    // One line without a colon or brace is no document; most of a ConfigMap's values are such.
    if (!/[:{]/.test(text.text) && text.isFile !== true) return;
    const wasShared = this.#isShared;
    this.#isShared ||= text.isFile !== true;
    this.read(text);
    this.#isShared = wasShared;
  }

  item(tree: Tree, kind: string): void {
    this.#readObject(tree, kind);
  }

  read(source: NestedText): readonly string[] {
    if (source.text.trim() === "") return ["empty"];
    this.#depth += 1;
    try {
      return this.#readAll(source);
    } finally {
      this.#depth -= 1;
    }
  }

  #readAll({ text, line, bodyLine }: NestedText): readonly string[] {
    const isOneLine = bodyLine === undefined;
    const firstLine = bodyLine ?? line;
    const isShell = shellMark.test(text);
    // No YAML can have such a line: it is documentation or a log, of which only keys with one meaning count.
    if (/^(?:```|~~~)/m.test(text)) {
      return [this.#scan(text, { why: undefined, isInvalid: false }, { firstLine, isOneLine, isShell })];
    }
    for (const reader of this.#options.readers) {
      const kind = reader.text?.(text, this, firstLine);
      if (kind !== undefined) return [kind];
    }
    const kinds: string[] = [];
    const lineOf = (at: number): number => (isOneLine ? line : firstLine + at - 1);
    for (const document of this.#counting(splitDocuments(text))) {
      if (document.tree === undefined) {
        if (document.text === undefined) continue;
        kinds.push(this.#scan(document.text, document, { firstLine: lineOf(document.line), isOneLine, isShell }));
      } else kinds.push(this.#readTree(bodyLine === 1 ? document.tree : moveLines(document.tree, lineOf)));
    }
    return kinds.length === 0 ? ["empty"] : kinds;
  }

  /** The documents that count, of those in the file or in a string of it. */
  #counting(documents: readonly TextDocument[]): readonly TextDocument[] {
    if (this.#options.isOneDocument !== true || this.isNested) return documents;
    const [first, ...others] = documents;
    const other = others.find(({ tree, text }) => tree !== undefined || text !== undefined);
    if (other !== undefined) {
      this.statements.remark(
        "begins another document, which does not count: its program reads the first alone",
        other.line,
      );
    }
    return first === undefined ? [] : [first];
  }

  /** Text that is no YAML map or list. In a ConfigMap it is prose or a script, and counts for nothing. */
  #scan(text: string, { why, isInvalid }: Pick<TextDocument, "why" | "isInvalid">, at: ScanPlace): string {
    if (this.#isShared) return "unknown";
    const { firstLine } = at;
    const { nodeName, readers } = this.#options;
    const { found, isYaml } = scanLines(text, this.statements, { ...at, nodeName, readers });
    // What was not looked at by a parser may well be a document, whatever its lines are like: the text of a schema is mostly prose.
    const isBroken = why !== undefined && (isYaml || !isInvalid) && !this.#isScript;
    const rest = found.length > 0 ? ": only what stands on lines of its own was read" : "";
    // A script in a string was never meant to be YAML.
    if (this.isNested) return "text";
    if (isBroken) this.statements.remark(`${why}${rest}`, firstLine);
    for (const { key, values } of found) this.statements.remark(`${key} was read by its line alone`, values[0]?.line);
    return !isBroken ? "text" : isInvalid ? "invalid-yaml" : "unknown";
  }

  #readTree(tree: Tree): string {
    if (tree.kind === "scalar") return "text";
    if (tree.kind === "map") return this.#readObject(tree) ?? this.#readPlain(tree) ?? "unknown";
    const before = this.statements.list.length;
    const isObject = (item: Tree): boolean => documentType(item).kind !== "";
    for (const item of tree.items) if (isObject(item)) this.#readTree(item);
    this.#readPlain({ ...tree, items: tree.items.filter((item) => !isObject(item)) });
    // The items of a list that was too long to be parsed whole.
    if (tree.items.length > 0 && tree.items.every(isObject)) return "list";
    return this.statements.list.length > before ? "settings" : "unknown";
  }

  /**
   * A document with a kind; undefined when it has none.
   * @param listed the kind an item has by its list, for items that leave it out.
   */
  #readObject(tree: Tree, listed = ""): string | undefined {
    const own = documentType(tree);
    const type = own.kind === "" ? { ...own, kind: listed } : own;
    if (type.kind === "") return undefined;
    if (this.#seen.has(tree)) return "object";
    this.#seen.add(tree);
    for (const { object } of this.#options.readers) {
      const kind = object?.(tree, this, type);
      if (kind !== undefined) return kind;
    }
    // A values file can have a key `kind` that means something else.
    return own.kind !== "" && !has(tree, "apiVersion") ? undefined : "object";
  }

  /** A document without a kind. Inside another document it could be anybody's, unless its form is one we know. */
  #readPlain(tree: Tree): string | undefined {
    for (const { plain, isKnownAnywhere } of this.#options.readers) {
      if (this.#isShared && isKnownAnywhere !== true) continue;
      const kind = plain?.(tree, this);
      if (kind !== undefined) return kind;
    }
    return undefined;
  }
}
