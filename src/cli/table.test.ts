// Tables as they are read on a terminal and cut in a pipe.

import { expect, test } from "bun:test";
import { renderTable } from "./table.ts";

test("renderTable() puts columns two spaces apart, without spaces at the end", () => {
  expect(
    renderTable(
      ["key", "from"],
      [
        ["a", "x"],
        ["longer", ""],
        ["", "y"],
      ],
    ),
  ).toBe("KEY     FROM\na       x\nlonger\n        y\n");
});

test("renderTable() prints no header line without a header, and nothing for nothing", () => {
  expect(renderTable([], [["node", "a"]])).toBe("node  a\n");
  expect(renderTable([], [])).toBe("");
  expect(renderTable(["a"], [])).toBe("A\n");
});

test("renderTable() counts characters, not bytes or surrogates", () => {
  expect(
    renderTable(
      [],
      [
        ["é", "1"],
        ["😀😀", "2"],
        ["abc", "3"],
      ],
    ),
  ).toBe("é    1\n😀😀   2\nabc  3\n");
});

test("renderTable() shows control characters instead of sending them", () => {
  expect(renderTable([], [["a\nb", "\x1b[2J"]])).toBe("a\\u{a}b  \\u{1b}[2J\n");
});
