import { expect, test } from "bun:test";
import { aggregate } from "./aggregate.ts";
import { parsePrefix } from "./prefix.ts";

test.each([
  ["", ""],
  ["10.1.1.0/24 10.1.0.0/24", "10.1.0.0/23"],
  ["10.1.1.0/24 10.1.2.0/24", "10.1.1.0/24 10.1.2.0/24"],
  ["10.1.0.0/24 10.1.0.0/16 10.1.0.128/25", "10.1.0.0/16"],
  ["10.1.0.0/24 10.1.1.0/24 10.1.2.0/24 10.1.3.0/24 fd00::/64 fd00:0:0:1::/64", "10.1.0.0/22 fd00::/63"],
  ["0.0.0.0/1 128.0.0.0/1 ::/0", "0.0.0.0/0 ::/0"],
])("aggregate(%p) is %p", (text, expected) => {
  const prefixes = text.split(" ").filter((each) => each !== "");
  expect(aggregate(prefixes.map((each) => parsePrefix(each))).join(" ")).toBe(expected);
});
