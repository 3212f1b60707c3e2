// Breaks text into lines of a terminal's width. Pure.

/** Between words; a word that is longer than a line stays whole. @param columns undefined: nothing is broken */
export function wrap(text: string, columns: number | undefined): readonly string[] {
  if (columns === undefined) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && [...line].length + 1 + [...word].length > columns) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
