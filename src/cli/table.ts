// Tables of plain text: the same on a terminal and in a pipe, so that what was read once can be cut with awk. Pure.

import { printable } from "../sys/log/printable.ts";

/**
 * Columns two spaces apart, no trailing spaces, each line with its newline. An empty header prints none.
 * Values may come from files of strangers: control characters are shown, not sent to the terminal.
 */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [...(header.length === 0 ? [] : [header.map((title) => title.toUpperCase())]), ...rows].map((line) =>
    line.map(printable),
  );
  const widths: number[] = [];
  for (const line of lines) {
    for (const [column, cell] of line.entries()) widths[column] = Math.max(widths[column] ?? 0, width(cell));
  }
  const pad = (cell: string, column: number): string => cell + " ".repeat((widths[column] ?? 0) - width(cell));
  return lines.map((line) => `${line.map(pad).join("  ").trimEnd()}\n`).join("");
}

/** Cells a text takes; one a code point is right for all HeadCNI prints. */
function width(text: string): number {
  return [...text].length;
}
