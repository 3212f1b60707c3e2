import { expect, test } from "bun:test";
import { whyTooBroad } from "./breadth.ts";
import { parsePrefix } from "./prefix.ts";

test.each([
  ["0.0.0.0/0", "is every address there is"],
  ["::/0", "is every address there is"],
  ["10.1.2.3/0", "is every address there is"],
  ["128.0.0.0/1", "is larger than any private range (/8)"],
  ["2000::/3", "is larger than any private range (/7)"],
  ["10.0.0.0/8", undefined],
  ["fc00::/7", undefined],
])("whyTooBroad(%p) is %p", (text, why) => {
  expect(whyTooBroad(parsePrefix(text))).toBe(why);
});
