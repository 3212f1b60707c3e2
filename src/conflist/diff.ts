// A unified diff of two small texts. A library would bring more than the sixty lines it saves: conflists have some thirty
// lines, and the one thing wanted is what `diff -u` prints. Pure.

const contextLines = 3;
/** Above this many comparisons the middle is shown as replaced whole: nobody reads such a diff line by line. */
const maxComparisons = 4_000_000;

export interface DiffSides {
  /** How the header names the two sides. */
  readonly from: string;
  readonly to: string;
}

/** One line of the result: in both (" "), only before ("-"), only after ("+"). */
type Edit = readonly [" " | "-" | "+", string];

/** What `diff -u` would print, "" when the texts are equal. Lines are those between newlines. */
export function unifiedDiff(before: string, after: string, sides: DiffSides): string {
  if (before === after) return "";
  const edits = diffLines(splitLines(before), splitLines(after));
  return [`--- ${sides.from}`, `+++ ${sides.to}`, ...hunks(edits)].join("\n").concat("\n");
}

/** A text without a final newline differs from the same with one: `diff` says so in a line of its own, and so does this. */
function splitLines(text: string): readonly string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  const last = lines.pop() ?? "";
  return last === "" ? lines : [...lines, `${last}\n\\ No newline at end of file`];
}

function diffLines(before: readonly string[], after: readonly string[]): readonly Edit[] {
  let head = 0;
  while (head < before.length && head < after.length && before[head] === after[head]) head++;
  let tail = 0;
  const longestTail = Math.min(before.length, after.length) - head;
  while (tail < longestTail && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail++;
  const same = (line: string): Edit => [" ", line];
  return [
    ...before.slice(0, head).map(same),
    ...diffMiddle(before.slice(head, before.length - tail), after.slice(head, after.length - tail)),
    ...before.slice(before.length - tail).map(same),
  ];
}

/** By the longest common subsequence; removals come before additions. */
function diffMiddle(before: readonly string[], after: readonly string[]): readonly Edit[] {
  const width = after.length + 1;
  const isTooLarge = before.length * after.length > maxComparisons;
  const common = new Uint32Array(isTooLarge ? 0 : (before.length + 1) * width);
  const at = (row: number, column: number): number => common[row * width + column] ?? 0;
  for (let row = before.length - 1; row >= 0 && !isTooLarge; row--) {
    for (let column = after.length - 1; column >= 0; column--) {
      const isSame = before[row] === after[column];
      common[row * width + column] = isSame
        ? at(row + 1, column + 1) + 1
        : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const edits: Edit[] = [];
  for (let row = 0, column = 0; row < before.length || column < after.length; ) {
    const left = before[row];
    const right = after[column];
    if (!isTooLarge && left !== undefined && left === right) {
      edits.push([" ", left]);
      row++;
      column++;
    } else if (left !== undefined && (right === undefined || at(row + 1, column) >= at(row, column + 1))) {
      edits.push(["-", left]);
      row++;
    } else {
      edits.push(["+", right ?? ""]);
      column++;
    }
  }
  return edits;
}

function* hunks(edits: readonly Edit[]): Generator<string> {
  const changed = edits.flatMap(([mark], at) => (mark === " " ? [] : [at]));
  for (let first = 0; first < changed.length; ) {
    let last = first;
    // Changes closer than two contexts share a hunk.
    while ((changed[last + 1] ?? Infinity) - (changed[last] ?? 0) <= 2 * contextLines) last++;
    const start = Math.max(0, (changed[first] ?? 0) - contextLines);
    const end = Math.min(edits.length, (changed[last] ?? 0) + contextLines + 1);
    const part = edits.slice(start, end);
    const place = (marks: string): string => {
      const preceding = edits.slice(0, start).filter(([mark]) => marks.includes(mark)).length;
      const count = part.filter(([mark]) => marks.includes(mark)).length;
      return `${count === 0 ? preceding : preceding + 1}${count === 1 ? "" : `,${count}`}`;
    };
    yield `@@ -${place(" -")} +${place(" +")} @@`;
    for (const [mark, line] of part) yield `${mark}${line}`;
    first = last + 1;
  }
}
