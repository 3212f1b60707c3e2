// Reading the file's text: lines, merges, and everything that is refused because it would be read one way or another.

import { describe, expect, test } from "bun:test";
import { ConfigError } from "../sys/errors.ts";
import { type Located, parseYamlFile } from "./yaml-file.ts";

/** The document as `value@line` leaves. */
function flat(located: Located, path = ""): Record<string, string> {
  switch (located.kind) {
    case "map":
      return Object.assign({}, ...[...located.entries].map(([key, child]) => flat(child, `${path}/${key}`)));
    case "list":
      return Object.assign({}, ...located.items.map((child, index) => flat(child, `${path}/${index}`)));
    case "scalar":
      return { [path]: `${JSON.stringify(located.value)}@${located.line}` };
  }
}

function issuesOf(text: string): string[] {
  try {
    parseYamlFile(text, "f.yaml");
  } catch (error) {
    if (error instanceof ConfigError) return error.issues.map(({ line, message }) => `${line}: ${message}`);
    throw error;
  }
  return [];
}

describe("parseYamlFile() keeps the line of each key", () => {
  test.each([
    ["block style", "a: 1\nb:\n  c: x\n  d:\n", { "/a": "1@1", "/b/c": '"x"@3', "/b/d": "null@4" }],
    ["flow style", "a: {b: true,\n  c: [1, 2]}\n", { "/a/b": "true@1", "/a/c/0": "1@2", "/a/c/1": "2@2" }],
    ["JSON", '{\n "a": "x"\n}', { "/a": '"x"@2' }],
    ["comments and blank lines", "# one\n\na: 1 # two\n", { "/a": "1@3" }],
    ["CRLF", "a: 1\r\nb: 2\r\n", { "/a": "1@1", "/b": "2@2" }],
    ["no final newline", "a: 1\nb: 2", { "/a": "1@1", "/b": "2@2" }],
    ["an alias, where it is used", "a: &x 1\nb: *x\n", { "/a": "1@1", "/b": "1@2" }],
    [
      "a merge, where the key stands",
      "a: &x\n  k: 1\nb:\n  <<: *x\n  l: 2\n",
      { "/a/k": "1@2", "/b/k": "1@2", "/b/l": "2@5" },
    ],
    ["a merge under an own key", "a: &x {k: 1}\nb: {k: 2, <<: *x}\n", { "/a/k": "1@1", "/b/k": "2@2" }],
    [
      "a merge of two, the first wins",
      "a: &x {k: 1}\nb: &y {k: 2, l: 3}\nc: {<<: [*x, *y]}\n",
      { "/a/k": "1@1", "/b/k": "2@2", "/b/l": "3@2", "/c/k": "1@1", "/c/l": "3@2" },
    ],
    ["an explicit document start", "---\na: 1\n", { "/a": "1@2" }],
    [
      "the words YAML 1.2 leaves as words",
      "a: yes\nb: 010\nc: 1_000\n",
      { "/a": '"yes"@1', "/b": "10@2", "/c": '"1_000"@3' },
    ],
    ["a key that is a number", "1: a\n", { "/1": '"a"@1' }],
    ["a key that objects have by themselves", "__proto__: a\n", { "/__proto__": '"a"@1' }],
  ])("%s", (_name, text, expected) => {
    expect(JSON.stringify(flat(parseYamlFile(text, "f.yaml")))).toBe(JSON.stringify(expected));
  });

  test.each([
    ["nothing", ""],
    ["a comment", "# later\n"],
    ["a document start", "---\n"],
    ["null", "null\n"],
  ])("a file that holds %s is empty", (_name, text) => {
    const document = parseYamlFile(text, "f.yaml");
    expect(document.kind === "map" ? document.entries.size : document.kind === "scalar" && document.value).toBeOneOf([
      0,
      null,
    ]);
  });
});

describe("parseYamlFile() refuses", () => {
  test.each([
    ["a key that stands twice", "a: 1\nb: 2\na: 3\n", ["3: this key stands twice; keep one"]],
    ["a key that stands twice below", "a:\n  b: 1\n  b: 1\n", ["3: this key stands twice; keep one"]],
    [
      "a key that stands twice where aliases repeat it",
      "a: &x {k: 1, k: 2}\nb: *x\nc: *x\n",
      ["1: this key stands twice; keep one"],
    ],
    ["a second document", "a: 1\n---\nb: 2\n", ["2: a second YAML document begins; keep only one"]],
    ["tabs for indentation", "a:\n\tb: 1\n", ["2: not valid YAML: Tabs are not allowed as indentation"]],
    [
      "a header of a block with more in it",
      "a: |hunter2\n",
      ["1: not valid YAML: Block scalar header includes extra characters"],
    ],
    ["an escape that is none", 'a: "\\xhunter2"\n', ["1: not valid YAML: Invalid escape sequence"]],
    ["an unknown tag", "a: !Secret x\n", ["1: not valid YAML: Unresolved tag"]],
    ["an alias of nothing", "a: 1\nb: *x\n", ["2: nothing above is named &x"]],
    ["an alias of what it is in", "a: &x\n  b: *x\n", ["2: &x holds itself"]],
    ["a merge of a value", "a: &x 1\nb:\n  <<: *x\n", ["3: << takes a map or a list of maps"]],
    ["a key that is a list", "[a]: 1\n", ["1: a key is not a word"]],
  ])("%s", (_name, text, expected) => {
    expect(issuesOf(text)).toEqual(expected);
  });

  test("several faults, all at once", () => {
    expect(issuesOf("a: 1\na: 2\nb: !x y\nb: 3\n")).toEqual([
      "2: this key stands twice; keep one",
      "3: not valid YAML: Unresolved tag",
      "4: this key stands twice; keep one",
    ]);
  });
});
