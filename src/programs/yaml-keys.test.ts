import { describe, expect, test } from "bun:test";
import { readYamlKeys } from "./yaml-keys.ts";

const wanted = (key: string): boolean => /^(?:a|b|c-d)\+?$/.test(key);

function keys(text: string): readonly string[] | undefined {
  return readYamlKeys(text, wanted)?.map(
    ({ key, values }) => `${key}: ${values.map(({ text: value, line }) => `${line}=${value}`).join(" ")}`,
  );
}

describe("readYamlKeys()", () => {
  test.each<[string, string, readonly string[] | undefined]>([
    ["nothing", "", []],
    ["plain values", "a: x\nc-d: 10.0.0.0/16 # here\n", ["a: 1=x", "c-d: 2=10.0.0.0/16"]],
    ["quoted values", "a: \"x y\" # z\nb: 'fd00::/56'\n", ["a: 1=x y", "b: 2=fd00::/56"]],
    [
      "a value with two colons, a dash, commas",
      "a: fd00::/56,10.0.0.0/8\nb: -x\n",
      ["a: 1=fd00::/56,10.0.0.0/8", "b: 2=-x"],
    ],
    ["escapes", 'a: "x\\ty"\n', ["a: 1=x\ty"]],
    [
      "lists, indented or not, in a line or not",
      "a:\n- x\n# no\n- y\nb:\n  - 'z'\nc-d: [1, two]\n",
      ["a: 2=x 4=y", "b: 6=z", "c-d: 7=1 7=two"],
    ],
    ["an empty list and null", "a: []\nb:\nc-d: ~\n", ["a: ", "b: 2=", "c-d: 3="]],
    ["keys with +", "a+:\n  - x\n", ["a+: 2=x"]],
    ["a quoted key", '"a": x\n', ["a: 1=x"]],
    ["only keys at the top", "z:\n  a: no\n  b:\n  - no\na: x\n", ["a: 5=x"]],
    ["what other keys hold", "z:\n  a: no\n  q: {r: s}\ny: |\n  a: no\na: x\n", ["a: 6=x"]],
    ["flow maps over lines", "z: {\n a: no }\na: x\n", ["a: 3=x"]],
    ["JSON", '{"a": "x", "b": ["y", 2], "z": {"a": "no"}}', ["a: 1=x", "b: 1=y 1=2"]],
    ["anchors and aliases", "z: &q\n- x\na: *q\nb: &r y\nc-d: *r\n", ["a: 2=x", "b: 4=y", "c-d: 4=y"]],
    ["a repeated key", "a: x\na: y\n", ["a: 1=x", "a: 2=y"]],
    ["the first document only", "---\na: x\n---\nb: y\n", ["a: 2=x"]],
    ["the first document only, of whose keys none is wanted", "z: x\n---\na: y\n", []],
    ["the first document only, though it is empty", "# no\n---\n---\nb: y\n", []],
    ["CRLF", "a: x\r\nb:\r\n- y\r\n", ["a: 1=x", "b: 3=y"]],
    ["folded text", "a: >-\n  x\n  y\n", ["a: 1=x y"]],
    ["no map", "- a: x\n", undefined],
    ["no YAML", "a: [x\nb: y\n", undefined],
    ["plain text over lines", "a: x\n  y\n", ["a: 1=x y"]],
  ])("reads %s", (_, text, expected) => {
    const found = keys(text);
    expect(found === undefined ? undefined : [...found]).toEqual(expected === undefined ? undefined : [...expected]);
  });
});
