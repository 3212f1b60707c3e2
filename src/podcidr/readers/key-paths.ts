// Statements by keys: where a value's place says its meaning, by a table of paths, else by the key's name.

import type { Meaning, StatedValue, Statements } from "../statements.ts";
import { child, itemsOf, type Tree } from "../text/tree.ts";
import { rangeKey } from "./vocabulary.ts";

export interface PathRule {
  /** Keys joined with dots; a `[]` at a key's end means each item of its list. */
  readonly path: string;
  readonly meaning: Meaning;
  readonly family?: "ipv4" | "ipv6";
}

/** A rule for each path whose last key has one meaning wherever it stands. */
export function rangePaths(...paths: readonly string[]): readonly PathRule[] {
  return paths.map((path) => {
    const known = rangeKey(path.slice(path.lastIndexOf(".") + 1));
    if (known === undefined) throw new Error(`${path} ends in no key of the vocabulary`);
    return { path, ...known };
  });
}

/** States each rule's value where the document has it; `prefix` is what stands before the path in the finding's key. */
export function statePaths(
  statements: Statements,
  tree: Tree | undefined,
  rules: readonly PathRule[],
  prefix = "",
): void {
  if (tree?.kind !== "map") return;
  for (const rule of rules) {
    for (const value of valuesAt(tree, rule.path)) {
      statements.addTree(rule.meaning, `${prefix}${rule.path}`, value, { family: rule.family });
    }
  }
}

/** Every value at a path. */
function valuesAt(tree: Tree, path: string): readonly Tree[] {
  let here: readonly Tree[] = [tree];
  for (const step of path.split(".")) {
    const isEach = step.endsWith("[]");
    const key = isEach ? step.slice(0, -2) : step;
    here = here.flatMap((value) => {
      const next = child(value, key);
      return next === undefined ? [] : isEach ? itemsOf(next) : [next];
    });
  }
  return here;
}

/** States the value of a key that means the same wherever it stands; any other key states nothing. */
export function stateRangeKey(statements: Statements, key: string, values: readonly StatedValue[]): void {
  const known = rangeKey(key);
  if (known !== undefined) statements.add({ ...known, key, values });
}
