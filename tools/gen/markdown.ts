// The little Markdown the reference pages need.

/** A page: title, the note that it is generated and from what, and its parts, each a block. */
export function page(title: string, source: string, ...parts: readonly string[]): string {
  const note = `<!-- Generated from ${source} by \`make gen\`: edit that, not this page. -->`;
  return `${[`# ${title}`, note, ...parts].map((part) => part.trim()).join("\n\n")}\n`;
}

export function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(header), `|${header.map(() => "---|").join("")}`, ...rows.map(line)].join("\n");
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function block(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}
