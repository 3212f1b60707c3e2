// Splits text into words as a shell would, keeping lines: flags come in `sh -c` scripts, in unit files and several in one
// string. Nothing is expanded or run.

/** A word, or the end of a command (`;`, `&`, `|`, a line end): flags never take their value across one. */
export interface ShellWord {
  readonly text: string;
  readonly line: number;
  readonly isBreak: boolean;
}

const maxWords = 20_000;

/**
 * The words of a script. Quotes are removed, `\` at a line's end joins lines, `#` at a word's start begins a comment.
 * An unclosed quote ends at the end of its line: scripts quoted once more by YAML have such.
 */
export function shellWords(text: string, firstLine: number, lineOf: "each" | "first" = "each"): readonly ShellWord[] {
  const words: ShellWord[] = [];
  let word: string | undefined;
  let wordLine = firstLine;
  let line = firstLine;
  const flush = (): void => {
    if (word !== undefined) words.push({ text: word, line: wordLine, isBreak: false });
    word = undefined;
  };
  const begin = (): string => {
    if (word === undefined) wordLine = line;
    return word ?? "";
  };
  for (let at = 0; at < text.length && words.length < maxWords; at++) {
    const char = text[at] ?? "";
    if (char === "\n") {
      flush();
      words.push({ text: "", line, isBreak: true });
      if (lineOf === "each") line += 1;
    } else if (char === "\\" && text[at + 1] === "\n") {
      flush();
      at += 1;
      if (lineOf === "each") line += 1;
    } else if (char === "\\" && at + 1 < text.length) {
      word = begin() + text[at + 1];
      at += 1;
    } else if (char === '"' || char === "'") {
      const end = closingQuote(text, at);
      word = begin() + text.slice(at + 1, end);
      if (lineOf === "each") line += text.slice(at, end).split("\n").length - 1;
      at = text[end] === char ? end : end - 1;
    } else if (char === "#" && word === undefined) {
      const end = text.indexOf("\n", at);
      at = (end < 0 ? text.length : end) - 1;
    } else if (char === " " || char === "\t") {
      flush();
    } else if (char === ";" || char === "&" || char === "|") {
      flush();
      words.push({ text: "", line, isBreak: true });
    } else {
      word = begin() + char;
    }
  }
  flush();
  return words;
}

/** The offset of the quote that closes the one at `open`, or the end of its line where none does. */
function closingQuote(text: string, open: number): number {
  const quote = text[open];
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === "\\" && quote === '"') at += 1;
    else if (text[at] === quote) return at;
  }
  const lineEnd = text.indexOf("\n", open);
  return lineEnd < 0 ? text.length : lineEnd;
}
