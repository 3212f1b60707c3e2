import { expect, test } from "bun:test";
import { printable } from "./printable.ts";

test.each([
  ["plain text, é and 🐘", "plain text, é and 🐘"],
  ["\u001b[31m\n\u202e", "\\u{1b}[31m\\u{a}\\u{202e}"],
  ["05-\udce9\udcff.conflist", "05-\\xe9\\xff.conflist"],
  ["\ud800 \udc00", "\\u{d800} \\u{dc00}"],
])("printable() shows %p", (text, shown) => {
  expect(printable(text)).toBe(shown);
});
