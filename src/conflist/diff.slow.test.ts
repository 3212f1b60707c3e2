// What a diff makes of a text, by git.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { tempRoot } from "../sys/testing.ts";
import { unifiedDiff } from "./diff.ts";

/** The text that `patch` makes of `before`. */
function patched(before: string, diff: string): string {
  using root = tempRoot();
  root.write("/file", before);
  root.write("/diff", diff);
  const { exitCode, stderr } = Bun.spawnSync(["git", "apply", "--unidiff-zero", "diff"], { cwd: root.path });
  expect([exitCode, stderr.toString()]).toEqual([0, ""]);
  return root.read("/file");
}

describe("unifiedDiff()", () => {
  test("shows texts too long to compare line by line as replaced", () => {
    const before = Array.from({ length: 3000 }, (_, line) => `a${line}`).join("\n");
    const after = Array.from({ length: 3000 }, (_, line) => `b${line}`).join("\n");
    const diff = unifiedDiff(before, after, { from: "a/file", to: "b/file" });
    expect(diff.split("\n").length).toBeGreaterThan(6000);
    expect(patched(before, diff)).toBe(after);
  });

  const lines = fc.array(fc.constantFrom("{", "}", "  a", "  b", "  c"), { minLength: 1, maxLength: 25 });
  const text = fc.tuple(lines, fc.boolean()).map(([list, isWhole]) => list.join("\n") + (isWhole ? "\n" : ""));
  test("is a patch that turns the one into the other", () => {
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff(before, after, { from: "a/file", to: "b/file" });
        if (before !== after) expect(patched(before, diff)).toBe(after);
      }),
      { numRuns: 60 },
    );
  });
});
