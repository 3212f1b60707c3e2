// One document of plain block YAML to a tree with lines: maps and lists by indentation, scalars of one line, comments of whole lines,
// as Kubernetes' own tools write their files. Any other text is left to the `yaml` library, whose trees these equal: loading it and
// parsing three files of a kubeadm node with it takes an eighth of the daemon's first step.

import type { Tree, TreeEntry, TreeList, TreeMap, TreeScalar } from "./tree.ts";

/** What a line holds beyond its indentation. */
interface Row {
  readonly indent: number;
  readonly text: string;
  readonly line: number;
}

/** Thrown at the first row this reader does not know; never leaves the module. */
class NotPlain extends Error {}

/** Deeper than real files, and far from what a stack holds. */
const maxDepth = 50;
/** The library refuses keys that are longer. */
const maxRowLength = 1000;

/**
 * The tree of a text that is one plain block document; undefined for any other text, valid or not.
 * @param firstLine the line of the file this text begins at
 */
export function parsePlainYaml(text: string, firstLine: number): Tree | undefined {
  const rows = rowsOf(text, firstLine);
  const [first] = rows ?? [];
  if (rows === undefined || first === undefined || first.indent > 0) return undefined;
  try {
    const reader = new PlainReader(rows);
    const tree = reader.block(0, 1);
    return reader.isAtEnd ? tree : undefined;
  } catch (error) {
    if (error instanceof NotPlain) return undefined;
    throw error;
  }
}

/** The rows that are neither empty nor comments; undefined for a text with more than printable ASCII. */
function rowsOf(text: string, firstLine: number): Row[] | undefined {
  if (/[^\n -~]/.test(text)) return undefined;
  const rows: Row[] = [];
  let line = firstLine;
  for (const whole of text.split("\n")) {
    const content = whole.trim();
    if (content.length > maxRowLength) return undefined;
    if (content !== "" && !content.startsWith("#")) rows.push({ indent: whole.search(/\S/), text: content, line });
    line += 1;
  }
  return rows;
}

const keyRow = /^([A-Za-z_][\w./-]*):(?: +(.*))?$/;
const itemRow = /^-(?:( +)(.*))?$/;
const quoted = /^(?:"([^"\\]*)"|'([^']*)')$/;
const plain = /^(?:[\w/.+=(]|-[^ ])/;
/** A map on the same line, a comment, the mark between documents. */
const notPlain = /: |:$| #|^(?:---|\.\.\.)/;
const nulls: ReadonlySet<string> = new Set(["null", "Null", "NULL", "~"]);

class PlainReader {
  readonly #rows: Row[];
  #at = 0;

  constructor(rows: Row[]) {
    this.#rows = rows;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#rows.length;
  }

  /** The map or list that begins here. */
  block(indent: number, depth: number): TreeMap | TreeList {
    if (depth > maxDepth) throw new NotPlain();
    return this.#isItem() ? this.#list(indent, depth) : this.#map(indent, depth);
  }

  #isItem(): boolean {
    return itemRow.test(this.#rows[this.#at]?.text ?? "");
  }

  #map(indent: number, depth: number): TreeMap {
    const entries: TreeEntry[] = [];
    const line = this.#rows[this.#at]?.line ?? 1;
    for (let row = this.#next(indent); row !== undefined && !this.#isItem(); row = this.#next(indent)) {
      const [, key, rest] = keyRow.exec(row.text) ?? [];
      if (key === undefined || nulls.has(key)) throw new NotPlain();
      this.#at += 1;
      const isList = this.#rows[this.#at]?.indent === indent && this.#isItem();
      const value =
        rest === undefined ? this.#below(row, isList ? indent : indent + 1, depth) : scalarOrEmpty(rest, row);
      entries.push({ key, line: row.line, value });
    }
    return { kind: "map", line, entries };
  }

  #list(indent: number, depth: number): TreeList {
    const items: Tree[] = [];
    const line = this.#rows[this.#at]?.line ?? 1;
    for (let row = this.#next(indent); row !== undefined && this.#isItem(); row = this.#next(indent)) {
      const [, spaces, rest] = itemRow.exec(row.text) ?? [];
      if (spaces === undefined || rest === undefined) {
        this.#at += 1;
        items.push(this.#below(row, indent + 1, depth));
      } else if (keyRow.test(rest) || itemRow.test(rest)) {
        // What follows the dash is a row of its own, further in.
        const inner = indent + 1 + spaces.length;
        this.#rows[this.#at] = { indent: inner, text: rest, line: row.line };
        items.push(this.block(inner, depth + 1));
      } else {
        this.#at += 1;
        items.push(scalarOrEmpty(rest, row));
      }
    }
    return { kind: "list", line, items };
  }

  /** The row at hand when it belongs to this block; undefined when the block has ended. */
  #next(indent: number): Row | undefined {
    const row = this.#rows[this.#at];
    if (row !== undefined && row.indent > indent) throw new NotPlain();
    return row?.indent === indent ? row : undefined;
  }

  /** What stands on the rows below a key or dash, at least `least` in; null when there is nothing. */
  #below(row: Row, least: number, depth: number): Tree {
    const next = this.#rows[this.#at];
    if (next === undefined || next.indent < least) return { kind: "scalar", line: row.line, text: undefined };
    return this.block(next.indent, depth + 1);
  }
}

/** The value on the line of its key or dash. */
function scalarOrEmpty(written: string, { line }: Row): TreeScalar | TreeMap | TreeList {
  if (written === "{}") return { kind: "map", line, entries: [] };
  if (written === "[]") return { kind: "list", line, items: [] };
  const [, double, single] = quoted.exec(written) ?? [];
  const text = double ?? single;
  if (text !== undefined) return { kind: "scalar", line, text };
  if (nulls.has(written)) return { kind: "scalar", line, text: undefined };
  if (!plain.test(written) || notPlain.test(written)) throw new NotPlain();
  return { kind: "scalar", line, text: written };
}
