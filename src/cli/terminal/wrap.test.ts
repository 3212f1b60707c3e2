import { expect, test } from "bun:test";
import { wrap } from "./wrap.ts";

test.each<[string, number | undefined, string[]]>([
  ["one two three", undefined, ["one two three"]],
  ["one two three", 7, ["one two", "three"]],
  ["a-word-longer-than-that b", 5, ["a-word-longer-than-that", "b"]],
  ["äöü äöü", 3, ["äöü", "äöü"]],
  ["", 5, [""]],
])("wrap(%j, %p)", (text, columns, lines) => {
  expect(wrap(text, columns)).toEqual(lines);
});
