import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { tempRoot } from "../sys/testing.ts";
import { unifiedDiff } from "./diff.ts";

const sides = { from: "a", to: "b" };

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
  test("shows what changed, three lines round it, and hunks that are far apart", () => {
    const before = Array.from({ length: 20 }, (_, line) => `line ${line}`);
    const after = before.with(1, "LINE 1").toSpliced(17, 1);
    expect(unifiedDiff(`${before.join("\n")}\n`, `${after.join("\n")}\n`, sides)).toBe(
      `--- a
+++ b
@@ -1,5 +1,5 @@
 line 0
-line 1
+LINE 1
 line 2
 line 3
 line 4
@@ -15,6 +15,5 @@
 line 14
 line 15
 line 16
-line 17
 line 18
 line 19
`,
    );
  });

  test.each([
    ["equal texts", "x\n", "x\n", ""],
    ["a new file", "", "x\ny\n", "--- a\n+++ b\n@@ -0,0 +1,2 @@\n+x\n+y\n"],
    ["an emptied file", "x\n", "", "--- a\n+++ b\n@@ -1,1 +0,0 @@\n-x\n"],
    ["a final newline", "x", "x\n", "--- a\n+++ b\n@@ -1,1 +1,1 @@\n-x\n\\ No newline at end of file\n+x\n"],
  ])("%s", (_, before, after, expected) => {
    expect(unifiedDiff(before, after, sides)).toBe(expected);
  });

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
