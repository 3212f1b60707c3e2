// Tables as they are read on a terminal and cut in a pipe.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { renderTable } from "./table.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { plainTerminal } from "./terminal/testing.ts";

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

const coloured: Pick<Terminal, "paint"> = { paint: (colour, text) => `<${colour}>${text}</>` };

test("renderTable() paints its header and the words that say how something is, on a terminal", () => {
  const rows = [
    ["a", "ok"],
    ["bcd", "failed"],
  ];
  expect(renderTable(["key", "is"], rows, { columns: undefined, ...coloured })).toBe(
    "<bold>KEY</>  <bold>IS</>\na    <green>ok</>\nbcd  <red>failed</>\n",
  );
});

test("renderTable() breaks the widest cells so that the table fits", () => {
  const row = ["a", "one two three four five six", "/a/path/that/is/long"];
  expect(renderTable(["k", "what", "file"], [row], { ...plainTerminal, columns: 34 })).toBe(
    ["K  WHAT             FILE", "a  one two three    /a/path/that/i", "   four five six    s/long", ""].join("\n"),
  );
});

test("renderTable() fits any three columns, and loses no character", () => {
  const cell = fc.string({ maxLength: 80 }).filter((text) => text === text.trim());
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 5 }),
      fc.integer({ min: 40, max: 120 }),
      (rows, columns) => {
        const text = renderTable(["a", "b", "c"], rows, { ...plainTerminal, columns });
        expect(Math.max(...text.split("\n").map((line) => [...line].length))).toBeLessThanOrEqual(columns);
        const count = (shown: string): number => [...shown.replace(/\s/g, "")].length;
        expect(count(text)).toBe(count(renderTable(["a", "b", "c"], rows)));
      },
    ),
  );
});
