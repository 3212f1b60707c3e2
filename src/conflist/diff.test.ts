import { describe, expect, test } from "bun:test";
import { unifiedDiff } from "./diff.ts";

const sides = { from: "a", to: "b" };

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
});
