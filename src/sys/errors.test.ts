// The error everybody throws, and the kernel's reasons in words.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { describeError, errnoOf, expected, HeadcniError } from "./errors.ts";

const systemError = (action: () => unknown): unknown => {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error("Expected an error");
};

test("HeadcniError keeps code, hint, details and cause, and has no cause when it was given none", () => {
  const cause = new Error("underneath");
  const error = new HeadcniError("HC_FILE_READ", "Cannot read it", {
    hint: "create it",
    details: { path: "/x" },
    cause,
  });
  expect([error.code, error.message, error.hint, error.details, error.cause]).toEqual([
    "HC_FILE_READ",
    "Cannot read it",
    "create it",
    { path: "/x" },
    cause,
  ]);
  expect("cause" in new HeadcniError("HC_FILE_READ", "x")).toBe(false);
});

describe("errnoOf() and describeError()", () => {
  test.each<[string, unknown, string | undefined, string]>([
    ["a missing file", systemError(() => fs.readFileSync("/no/such/file")), "ENOENT", "does not exist"],
    ["a folder", systemError(() => fs.readFileSync("/")), "EISDIR", "is a directory"],
    ["a reason without words of ours", Object.assign(new Error("x"), { code: "EUCLEAN" }), "EUCLEAN", "EUCLEAN"],
    ["Node's own codes", systemError(() => fs.readFileSync("a\0b")), undefined, "must be a string"],
    ["our codes", new HeadcniError("HC_USAGE", "Do not"), undefined, "Do not"],
    ["a parser", systemError(() => JSON.parse('{"a" "b"}')), undefined, "Expected ':' before value"],
    ["text", "boom", undefined, "boom"],
    ["nothing", undefined, undefined, "undefined"],
  ])("of %s", (_name, thrown, errno, words) => {
    expect(errnoOf(thrown)).toBe(errno);
    expect(describeError(thrown)).toContain(words);
  });
});

test.each<[string, string]>([
  ['{"token": hunter2}', "JSON Parse error: Unexpected identifier"],
  ['{"token": "\\uhunter2"}', "JSON Parse error: … is not a valid unicode escape"],
  ['{"token": @hunter2}', "JSON Parse error: Unrecognized token '@'"],
])("describeError() repeats nothing of a text that cannot be parsed: %s", (text, words) => {
  expect(describeError(systemError(() => JSON.parse(text)))).toBe(words);
});

test("expected() lets our own errors through and throws anything else on", () => {
  const ours = new HeadcniError("HC_FILE_READ", "Cannot read /x");
  expect(() => expected(ours)).not.toThrow();
  for (const fault of [new TypeError("x is not a function"), "text", undefined]) {
    let thrown: unknown = "nothing";
    try {
      expected(fault);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBe(fault);
  }
});
