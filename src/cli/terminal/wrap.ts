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

/** As `wrap`, and a word that is longer than a line is broken too. */
export function breakWords(text: string, columns: number): readonly string[] {
  if ([...text].length <= columns) return [text];
  return wrap(text, columns).flatMap((line) => {
    const characters = [...line];
    if (characters.length <= columns) return [line];
    const count = Math.ceil(characters.length / columns);
    return Array.from({ length: count }, (_, at) => characters.slice(at * columns, (at + 1) * columns).join(""));
  });
}
