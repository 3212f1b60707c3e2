// Reading texts that would take time or memory without end, and any text at all.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ConfigError } from "../sys/errors.ts";
import { parseYamlFile } from "./yaml-file.ts";

function issuesOf(text: string): string[] {
  try {
    parseYamlFile(text, "f.yaml");
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map(({ line, message }) => `${line}: ${message}`);
    throw error;
  }
  return [];
}

describe("parseYamlFile() refuses", () => {
  test("aliases of aliases that would fill the memory", () => {
    const levels = Array.from(
      { length: 12 },
      (_, level) => `l${level + 1}: &l${level + 1} [${`*l${level},`.repeat(9)}]\n`,
    );
    expect(issuesOf(`l0: &l0 [a]\n${levels.join("")}`)).toEqual([
      expect.stringContaining("more than 20000 values once aliases are followed"),
    ]);
  });

  test("deep nesting, whether or not it ends", () => {
    expect(issuesOf("[".repeat(1000) + "]".repeat(1000))).toEqual(["1: more than 50 levels deep"]);
    expect(issuesOf("[".repeat(50_000)).length).toBeGreaterThan(0);
  });
});

test("parseYamlFile() gives a document or a ConfigError for any text", () => {
  const piece = fc.constantFrom(
    "a",
    ": ",
    "\n",
    "  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&x",
    "*x",
    "<<",
    "'",
    '"',
    "#",
    "|",
    ">",
    "!",
    "---",
    "\t",
    "%",
    "?",
    ",",
    "1",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      issuesOf(pieces.join(""));
    }),
    { numRuns: 2000 },
  );
});
