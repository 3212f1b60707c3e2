// Which values of a program's files do not count, because a later file or a flag takes their place. Pure.

import { type Overridden, passedFlag } from "../../programs/program-settings.ts";
import { describePlace, type Place } from "../../programs/word.ts";
import { type StatedValue, type Statement, Statements } from "../statements.ts";

/** A value that was taken out, and the place that counts instead. */
export interface Removed {
  readonly file: string;
  readonly line: number;
  readonly value: string;
  /** The key it stands under. */
  readonly key: string;
  readonly by: Place;
}

export interface Kept {
  readonly statements: Statements;
  readonly removed: readonly Removed[];
}

/** The statements of a file without those that `by` names a better place for. */
function without(
  file: string,
  statements: Statements,
  by: (statement: Statement, value: StatedValue) => Place | undefined,
): Kept {
  const kept = new Statements();
  const removed: Removed[] = [];
  kept.remarks.push(...statements.remarks);
  for (const statement of statements.list) {
    const { key } = statement;
    const values = statement.values.filter((value) => {
      const place = by(statement, value);
      if (place !== undefined) removed.push({ file, line: value.line, value: value.text, key, by: place });
      return place === undefined;
    });
    kept.add({ ...statement, values });
  }
  return { statements: kept, removed };
}

/** Without what the program itself has from another place. */
export function withoutOverridden(file: string, statements: Statements, overridden: readonly Overridden[]): Kept {
  return without(file, statements, (statement, value) => {
    const found = overridden.find(
      ({ name, setting }) =>
        setting.file === file &&
        setting.line === value.line &&
        (statement.key === name || statement.key.startsWith(`${name} `)) &&
        says(setting.value, value.text),
    );
    return found?.by;
  });
}

function says(written: string, text: string): boolean {
  if (written === text || passedFlag(written)?.value === text) return true;
  return written.split(",").some((piece) => piece.trim() === text);
}

/** Without this node's range, which the same program has from `by`. */
export function withoutNodeRange(file: string, statements: Statements, by: Place): Kept {
  return without(file, statements, ({ meaning }) => (meaning === "node" ? by : undefined));
}

/** The statements, each with the places of the values it took the place of. */
export function withReplaced(file: string, statements: Statements, removed: readonly Removed[]): Statements {
  const marked = new Statements();
  marked.remarks.push(...statements.remarks);
  for (const statement of statements.list) {
    const lines = new Set(statement.values.map(({ line }) => line));
    const replaced = removed.filter(
      ({ key, by }) => by.file === file && lines.has(by.line ?? 1) && isSameSetting(key, statement.key),
    );
    const places = [...new Set(replaced.map(describePlace))];
    marked.add(places.length === 0 ? statement : { ...statement, insteadOf: places });
  }
  return marked;
}

function isSameSetting(a: string, b: string): boolean {
  const plain = (key: string): string => key.replace(/^--/, "").replace(/[-_]/g, "").toLowerCase();
  return plain(a) === plain(b) || (/podcidrs?$/.test(plain(a)) && /podcidrs?$/.test(plain(b)));
}
