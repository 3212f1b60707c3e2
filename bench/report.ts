// What a benchmark says: tables that can stand in docs/benchmarks.md as they are, or the same as JSON.

import { median } from "./sample.ts";

export interface Table {
  readonly title: string;
  /** What was done and how to read it. */
  readonly text: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Markdown, cells padded so that it reads well as plain text too. */
export function toMarkdown(tables: readonly Table[]): string {
  return tables
    .map(({ title, text, columns, rows }) => `## ${title}\n\n${text}\n\n${grid([columns, ...rows])}\n`)
    .join("\n");
}

function grid(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(3, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const [head = [], ...body] = rows.map((row) => line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))));
  return [head, line(widths.map((width) => "-".repeat(width))), ...body].join("\n");
}

export function ms(value: number): string {
  return value.toFixed(1);
}

/** `2.1x`: how often `yardstick` goes into `value`. */
export function ratio(value: number, yardstick: number): string {
  return `${(value / yardstick).toFixed(2)}x`;
}

export function mebibytes(bytes: number): string {
  return (bytes / (1 << 20)).toFixed(1);
}

/** A row with a name: the least, the median and the most. */
export function threeOf(name: string, all: readonly number[], digits: number): readonly string[] {
  return [name, ...[Math.min(...all), median(all), Math.max(...all)].map((value) => value.toFixed(digits))];
}
