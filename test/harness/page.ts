// The fenced blocks of a page of the documentation, each with the headings it stands under: what a reader would copy, as data.

import { readFileSync } from "node:fs";
import { checkout } from "./node.ts";

export interface PageBlock {
  /** The word behind the fence: `sh`, `console`, `yaml`; "" without one. */
  readonly language: string;
  /** Its headings of level 2 and 3; "" above the first. */
  readonly section: string;
  readonly subsection: string;
  /** Its lines with their newlines. */
  readonly text: string;
  /** Of the first line within, from 1. */
  readonly line: number;
}

/** Those of a file of the checkout, in their order. Fences stand at the start of a line here. */
export function pageBlocks(path: string): readonly PageBlock[] {
  const blocks: PageBlock[] = [];
  let [section, subsection] = ["", ""];
  let open: { language: string; line: number; lines: string[] } | undefined;
  for (const [at, text] of readFileSync(`${checkout}/${path}`, "utf8").split("\n").entries()) {
    const fence = /^```(\w*)$/.exec(text)?.[1];
    if (open === undefined && fence !== undefined) {
      open = { language: fence, line: at + 2, lines: [] };
    } else if (open !== undefined && fence !== undefined) {
      const { language, line, lines } = open;
      blocks.push({ language, section, subsection, line, text: lines.map((each) => `${each}\n`).join("") });
      open = undefined;
    } else if (open !== undefined) {
      open.lines.push(text);
    } else {
      const [, marks = "", title = ""] = /^(##|###) (.*)$/.exec(text) ?? [];
      if (marks === "##") [section, subsection] = [title, ""];
      if (marks === "###") subsection = title;
    }
  }
  return blocks;
}
