// What a file would change into, as `diff -u` prints it. Pure; loaded by the one command that shows it.

import { createTwoFilesPatch, FILE_HEADERS_ONLY, formatPatch, structuredPatch } from "diff";

/** Above this many changed lines the text is shown as replaced whole: a line-by-line diff of it takes seconds and helps no reader. */
const maxEditLength = 1000;

export interface DiffSides {
  /** How the header names the two sides. */
  readonly from: string;
  readonly to: string;
}

/** A patch with three lines round each change, "" when the texts are equal. */
export function unifiedDiff(before: string, after: string, { from, to }: DiffSides): string {
  if (before === after) return "";
  const options = { headerOptions: FILE_HEADERS_ONLY, context: 3, maxEditLength };
  const patch = createTwoFilesPatch(from, to, before, after, undefined, undefined, options);
  if (patch !== undefined) return patch;
  const [removed] = structuredPatch(from, to, before, "").hunks;
  const [added] = structuredPatch(from, to, "", after).hunks;
  const whole = {
    oldStart: 1,
    oldLines: removed?.oldLines ?? 0,
    newStart: 1,
    newLines: added?.newLines ?? 0,
    lines: [...(removed?.lines ?? []), ...(added?.lines ?? [])],
  };
  const names = { oldFileName: from, newFileName: to, oldHeader: undefined, newHeader: undefined };
  return formatPatch({ ...names, hunks: [whole] }, FILE_HEADERS_ONLY);
}
