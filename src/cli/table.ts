// Tables of plain text. In a pipe each row is one line, so that it can be cut with awk; on a terminal cells are broken so that the
// table fits, and words that say how something is have a colour. Pure.

import { printable } from "../sys/log/printable.ts";
import { stateColours } from "./terminal/state-colours.ts";
import type { Terminal } from "./terminal/terminal.ts";
import { breakWords } from "./terminal/wrap.ts";

const gap = 2;
/** A column is not made narrower than this; a table of many columns is then wider than the terminal. */
const leastWidth = 12;

/**
 * Columns two spaces apart, no trailing spaces, each line with its newline. An empty header prints none.
 * Values may come from files of strangers: control characters are shown, not sent to the terminal.
 * @param terminal what the table is printed to; without, nothing is broken or coloured
 */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  terminal?: Pick<Terminal, "columns" | "paint">,
): string {
  const titles = header.length === 0 ? [] : [header.map((title) => title.toUpperCase())];
  const cells = [...titles, ...rows].map((line) => line.map(printable));
  const widths = fit(widthsOf(cells), terminal?.columns);
  const paint = (text: string, row: number): string => {
    const colour = row < titles.length ? "bold" : stateColours.get(text);
    return terminal === undefined || colour === undefined ? text : terminal.paint(colour, text);
  };
  return cells.map((line, row) => renderRow(line, { widths, paint: (text) => paint(text, row) })).join("");
}

interface RowLayout {
  readonly widths: readonly number[];
  readonly paint: (text: string) => string;
}

/** As many lines as its highest cell has. */
function renderRow(cells: readonly string[], { widths, paint }: RowLayout): string {
  const broken = cells.map((cell, column) => breakWords(cell, widths[column] ?? 0));
  const height = Math.max(1, ...broken.map((parts) => parts.length));
  const lines = Array.from({ length: height }, (_, at) => {
    const parts = broken.map((cell) => cell[at] ?? "");
    const last = parts.findLastIndex((part) => part !== "");
    return parts
      .slice(0, last + 1)
      .map((part, column) => paint(part) + " ".repeat(column === last ? 0 : (widths[column] ?? 0) - width(part) + gap))
      .join("");
  });
  return lines.map((line) => `${line}\n`).join("");
}

function widthsOf(lines: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const line of lines) {
    for (const [column, cell] of line.entries()) widths[column] = Math.max(widths[column] ?? 0, width(cell));
  }
  return widths;
}

/** Takes from the widest column what the table is too wide. */
function fit(widths: number[], columns: number | undefined): number[] {
  const over = (): number => widths.reduce((sum, one) => sum + one + gap, -gap) - (columns ?? Number.POSITIVE_INFINITY);
  while (over() > 0) {
    const widest = Math.max(...widths);
    if (widest <= leastWidth) break;
    widths[widths.lastIndexOf(widest)] = widest - 1;
  }
  return widths;
}

/** Cells a text takes; one a code point is right for all HeadCNI prints. */
function width(text: string): number {
  return [...text].length;
}
