// What a YAML or JSON document becomes here: maps, lists and scalars, each with the line it stands on. Small on
// purpose, so that readers of a kind need neither the YAML library nor the difference between the two formats.

/** Lines of a file, the first of which is `line`. */
export interface FileLines {
  readonly text: string;
  readonly line: number;
}

export interface TreeScalar {
  readonly kind: "scalar";
  readonly line: number;
  /** The text as a string whatever its YAML type; undefined for null and for nothing. */
  readonly text: string | undefined;
  /**
   * For a literal block, the line its first line of text stands on, so that a document inside a string keeps its
   * lines; undefined where lines of the text are not lines of the file.
   */
  readonly bodyLine?: number | undefined;
  /** For a folded block, its lines as they stand in the file. */
  readonly unfolded?: FileLines | undefined;
  /** For a plain or quoted text of several lines, which YAML folds into one, likewise. */
  readonly spread?: FileLines | undefined;
}

export interface TreeEntry {
  readonly key: string;
  readonly line: number;
  readonly value: Tree;
}

export interface TreeMap {
  readonly kind: "map";
  readonly line: number;
  readonly entries: readonly TreeEntry[];
}

export interface TreeList {
  readonly kind: "list";
  readonly line: number;
  readonly items: readonly Tree[];
}

export type Tree = TreeScalar | TreeMap | TreeList;

/** The value of a key; of a repeated key the last, as Kubernetes' decoders take it. */
export function child(tree: Tree | undefined, key: string): Tree | undefined {
  if (tree?.kind !== "map") return undefined;
  return tree.entries.findLast((entry) => entry.key === key)?.value;
}

/** The value at a path of keys. */
export function at(tree: Tree | undefined, ...path: readonly string[]): Tree | undefined {
  let here = tree;
  for (const key of path) here = child(here, key);
  return here;
}

/** The text of a scalar at a path of keys; undefined for null, a map, a list or nothing. */
export function textAt(tree: Tree | undefined, ...path: readonly string[]): string | undefined {
  const found = at(tree, ...path);
  return found?.kind === "scalar" ? found.text : undefined;
}

/** The items of a list; a scalar is a list of itself, anything else is empty. */
export function itemsOf(tree: Tree | undefined): readonly Tree[] {
  if (tree === undefined) return [];
  return tree.kind === "list" ? tree.items : tree.kind === "scalar" ? [tree] : [];
}

/** The entries of a map; anything else is empty. */
export function entriesOf(tree: Tree | undefined): readonly TreeEntry[] {
  return tree?.kind === "map" ? tree.entries : [];
}

/** Whether a map has a key. */
export function has(tree: Tree | undefined, key: string): boolean {
  return tree?.kind === "map" && tree.entries.some((entry) => entry.key === key);
}

/** The same tree with other line numbers. Shared parts (aliases) stay shared. */
export function moveLines(tree: Tree, lineOf: (line: number) => number): Tree {
  const moved = new Map<Tree, Tree>();
  const movedLines = (lines: FileLines | undefined): FileLines | undefined =>
    lines === undefined ? undefined : { ...lines, line: lineOf(lines.line) };
  const move = (here: Tree): Tree => {
    const done = moved.get(here);
    if (done !== undefined) return done;
    const there = moveOne(here);
    moved.set(here, there);
    return there;
  };
  const moveOne = (here: Tree): Tree => {
    const line = lineOf(here.line);
    if (here.kind === "list") return { kind: "list", line, items: here.items.map(move) };
    if (here.kind === "map") {
      const entries = here.entries.map((entry) => ({ ...entry, line: lineOf(entry.line), value: move(entry.value) }));
      return { kind: "map", line, entries };
    }
    const bodyLine = here.bodyLine === undefined ? undefined : lineOf(here.bodyLine);
    return { ...here, line, bodyLine, unfolded: movedLines(here.unfolded), spread: movedLines(here.spread) };
  };
  return move(tree);
}
