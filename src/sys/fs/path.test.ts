// Our few path operations against node:path, which the plugin cannot afford to load.

import { describe, expect, test } from "bun:test";
import { posix } from "node:path";
import fc from "fast-check";
import { basename, dirname, extname, join } from "./path.ts";

const name = fc.stringMatching(/^[a-zA-Z0-9._-]{1,8}$/).filter((part) => part !== "." && part !== "..");
const absolute = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => `/${parts.join("/")}`);
const relative = fc.array(name, { minLength: 1, maxLength: 5 }).map((parts) => parts.join("/"));
const path = fc.oneof(absolute, relative);

test("join() is node's for paths without . and ..", () => {
  fc.assert(
    fc.property(path, fc.array(fc.oneof(relative, absolute, fc.constant("")), { maxLength: 4 }), (first, rest) => {
      expect(join(first, ...rest)).toBe(posix.join(first, ...rest));
    }),
  );
});

test("join() keeps . and .. for the kernel", () => {
  expect(join("/a", "../b", "./c")).toBe("/a/../b/./c");
  expect(join("/", "a")).toBe("/a");
});

test("dirname() and basename() are node's for paths without a slash at the end", () => {
  fc.assert(
    fc.property(path, (at) => {
      expect([dirname(at), basename(at)]).toEqual([posix.dirname(at), posix.basename(at)]);
    }),
  );
});

test("dirname() and basename() put a path together again", () => {
  fc.assert(
    fc.property(path, (at) => {
      expect(posix.join(dirname(at), basename(at))).toBe(at);
    }),
  );
});

describe("dirname()", () => {
  test.each([
    ["/", "/"],
    ["/a", "/"],
    ["a", "."],
    ["/a/b", "/a"],
    ["", "."],
  ])("of %j is %j", (at, expected) => {
    expect(dirname(at)).toBe(expected);
  });
});

describe("extname() is Go's, by which libcni picks files:", () => {
  test.each([
    ["/etc/10-a.conflist", ".conflist"],
    ["a.b.conf", ".conf"],
    ["conf", ""],
    [".conf", ".conf"],
    ["a.", "."],
    ["/etc.d/a", ""],
  ])("%j has %j", (at, expected) => {
    expect(extname(at)).toBe(expected);
  });
});
