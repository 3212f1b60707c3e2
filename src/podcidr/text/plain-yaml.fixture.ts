// Texts that are plain YAML, nearly plain or not at all, and the question whether the plain reader gives what the library gives.

import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { parsePlainYaml } from "./plain-yaml.ts";
import { parseLibraryYaml } from "./yaml-tree.ts";

const pieces = [
  ..."a:|b:|x.y/k-z:|null:| |  |    |- |-|\n|\n  |\n    |v|1|0x1f|null|~|1e3|{}|[]|\"q\"|'s'|# c|#c|:|x:y|x: y|--f=1".split(
    "|",
  ),
  ..."---;...;=;(a);a b;*al;&an;!t;|;>;?;? ;<<: ;%;@;`;,;[a];{a: b};\"open;'open;12:30;-1;+1;.5;.inf;<;\t;\r\n;é".split(
    ";",
  ),
];
const values =
  "v|1|null|\"a b\"|'x'|{}|[]|a: b|--f=a|v  |12:00|\"\"|''|true|x#y|\"a # b\"|~|Null|v # c|\"a\\n\"|'it''s'|a:|- b|-|*x|a, b";
const keys = ["a", "b", "a.b/c", "true", "null", "_x", "on", "a b", "<<"];
const fillers = ["", "", "", "", "", "", "", "\n", "# c: a\n", "   # - b\n"];

/** Picks by numbers that fast-check draws, and makes smaller where a text fails. */
class Writer {
  readonly #drawn: readonly number[];
  #at = 0;

  constructor(drawn: readonly number[]) {
    this.#drawn = drawn;
  }

  pick<T>(choices: readonly T[]): T {
    const index = (this.#drawn[this.#at++] ?? 0) % choices.length;
    return choices[index] as T;
  }

  /** Pieces thrown together. */
  pieces(): string {
    return Array.from({ length: this.pick([4, 6, 8, 14]) }, () => this.pick(pieces)).join("");
  }

  /** A map or list as it is written. */
  block(indent: number, depth: number): string {
    const isMap = this.pick([true, false]);
    const rows = Array.from({ length: this.pick([1, 2, 3]) }, () => {
      const head = `${this.pick(fillers)}${" ".repeat(indent)}${isMap ? `${this.pick(keys)}:` : "-"}`;
      const form = depth === 0 ? "value" : this.pick(["value", "value", "nothing", "below", "below", "beside"]);
      if (form === "value") return `${head} ${this.pick(values.split("|"))}\n`;
      if (form === "nothing") return `${head}${this.pick(["", " "])}\n`;
      const step = this.pick(isMap || form === "below" ? [0, 1, 2, 2, 4] : [2, 2, 3]);
      const inner = this.block(indent + step, depth - 1);
      return form === "below" || isMap
        ? `${head}\n${this.pick(fillers)}${inner}`
        : `${head}${" ".repeat(step - 1)}${inner.slice(indent + step)}`;
    });
    return rows.join("");
  }

  /** A block with a piece in the wrong place. */
  damaged(): string {
    const text = this.block(0, 3);
    const at = this.pick(Array.from(text, (_, index) => index));
    return `${text.slice(0, at)}${this.pick(pieces)}${text.slice(at + this.pick([0, 1, 2]))}`;
  }
}

export const yamlTexts = fc.array(fc.nat({ max: 9999 }), { minLength: 10, maxLength: 80, size: "max" }).map((drawn) => {
  const writer = new Writer(drawn);
  const form = writer.pick(["block", "block", "damaged", "pieces"]);
  return form === "block" ? writer.block(0, 3) : form === "damaged" ? writer.damaged() : writer.pieces();
});

/** `unknown` where the plain reader leaves the text to the library. */
export function comparePlain(text: string): "same" | "other" | "unknown" {
  const firstLine = 3;
  const tree = parsePlainYaml(text, firstLine);
  if (tree === undefined) return "unknown";
  const lastLine = firstLine + text.replace(/\n$/, "").split("\n").length - 1;
  const expected = [{ tree, brokenLine: undefined, firstLine: tree.line, lastLine }];
  return isDeepStrictEqual(parseLibraryYaml(text, firstLine), expected) ? "same" : "other";
}
