// Exit codes and the lines on standard error, for everything that can be thrown.

import { describe, expect, test } from "bun:test";
import { ConfigError, HeadcniError } from "../sys/errors.ts";
import { errorLines, exitCodeFor, exitCodes, issueLine } from "./exit.ts";

test("exitCodes are different from each other", () => {
  const codes = Object.values(exitCodes).map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
});

describe("exitCodeFor()", () => {
  test.each<[string, unknown, number]>([
    ["a wrong configuration", new ConfigError("HC_CONFIG_INVALID", "x", []), 3],
    ["a wrong command line", new HeadcniError("HC_USAGE", "x"), 2],
    ["a file that refuses", new HeadcniError("HC_FILE_WRITE", "x"), 4],
    ["a fault of ours", new TypeError("x"), 70],
    ["something that is no error", "x", 70],
  ])("of %s", (_name, thrown, expected) => {
    expect(exitCodeFor(thrown)).toBe(expected);
  });
});

describe("errorLines()", () => {
  test("are the sentence, each issue with its place, the remedy", () => {
    const issues = [
      { path: "network.mtu", message: "3 is less than 576", file: "/c.yaml", line: 2 },
      { path: "", message: "not valid YAML", file: "/c.yaml" },
      { path: "cni.type", message: "HEADCNI_CNI_TYPE: is empty" },
    ];
    expect(errorLines(new ConfigError("HC_CONFIG_INVALID", "Cannot use it", issues, { hint: "mend it" }))).toEqual([
      "error: Cannot use it",
      "  /c.yaml:2: network.mtu: 3 is less than 576",
      "  /c.yaml: not valid YAML",
      "  cni.type: HEADCNI_CNI_TYPE: is empty",
      "hint: mend it",
    ]);
  });

  test("do not drive the terminal with what a file held", () => {
    expect(errorLines(new HeadcniError("HC_FILE_READ", "Cannot read \x1b]0;x\x07"))).toEqual([
      "error: Cannot read \\u{1b}]0;x\\u{7}",
    ]);
    expect(issueLine({ path: "a", message: "\x1b[2J" })).toBe("a: \\u{1b}[2J");
  });

  test("of a fault of ours have the stack and ask for a report", () => {
    const [first, last] = errorLines(new TypeError("boom"));
    expect(first).toMatch(/^error: TypeError: boom\n +at /);
    expect(last).toContain("fault in HeadCNI");
  });
});
