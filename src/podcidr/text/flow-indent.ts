// Quoted texts and brackets over several lines that stand further to the left than YAML has them. Go's parsers, and with them kubectl and
// Kubernetes' programs, look at no indentation in there; the library does, and calls the document broken. Moved to the right such lines say
// the same to both. Pure.

/** The line of a value that a quote or bracket opens, up to that: indentation, marks of lists, key, tags and anchors. */
const opening = /^( *(?:- +)*)(?:(?:"[^"]*"|'[^']*'|[^\s#"'[\]{},&*!|>-].*?):[ \t]+)?(?:[&!]\S*[ \t]+)*(?=["'[{])/;
/** The header of a block, in which quotes and brackets open nothing. */
const blockHeader = /^( *(?:- +)*)(.*:[ \t]+)?[|>][-+\d]{0,2}[ \t]*(?:#.*)?$/;
/** A longer line is data: nothing is moved for it. */
const maxLineLength = 2000;

/** What a line leaves open. */
interface Flow {
  /** The least indentation of its lines. */
  readonly indent: number;
  /** The quote of a quoted text, else empty. */
  readonly quote: string;
  /** How many brackets are open. */
  readonly depth: number;
}

/** The text with such lines moved; undefined where there are none. */
export function withFlowIndented(text: string): string | undefined {
  let flow: Flow | undefined;
  /** The indentation of what a block belongs to. */
  let block: number | undefined;
  let hasMoved = false;
  const lines = text.split("\n").map((line) => {
    const isBlank = line.trim() === "";
    const indent = line.length - line.trimStart().length;
    if (flow !== undefined) {
      const { indent: least } = flow;
      flow = readFlow(line, flow);
      if (isBlank || indent >= least) return line;
      hasMoved = true;
      return `${" ".repeat(least)}${line.trimStart()}`;
    }
    if (isBlank || line.length > maxLineLength || (block !== undefined && indent > block)) return line;
    block = blockOwner(line);
    const [before, prefix = ""] = (block === undefined ? opening.exec(line) : undefined) ?? [];
    if (before !== undefined) {
      flow = readFlow(line.slice(before.length), { indent: prefix.length + 1, quote: "", depth: 0 });
    }
    return line;
  });
  return hasMoved ? lines.join("\n") : undefined;
}

/** The indentation of the key or list mark whose value begins as a block in the line. */
function blockOwner(line: string): number | undefined {
  const [header, prefix = "", key] = blockHeader.exec(line) ?? [];
  if (header === undefined) return undefined;
  return key === undefined ? Math.max(prefix.trimEnd().length - 1, 0) : prefix.length;
}

/** What is open after a line; undefined when the value has ended in it. */
function readFlow(line: string, { indent, ...begin }: Flow): Flow | undefined {
  let { quote, depth } = begin;
  for (let at = 0; at < line.length; at++) {
    const char = line[at] ?? "";
    if (quote !== "") {
      const isEscape = quote === '"' ? char === "\\" : char === "'" && line[at + 1] === "'";
      if (isEscape) at += 1;
      else if (char === quote) quote = "";
    } else if (char === '"' || char === "'") {
      // Within a word it is a mark like any other.
      if (at === 0 || /[\s[{,:]/.test(line[at - 1] ?? "")) quote = char;
    } else if (char === "[" || char === "{") depth += 1;
    else if (char === "]" || char === "}") depth -= 1;
    else if (char === "#" && /^\s?$/.test(line[at - 1] ?? "")) break;
    if (quote === "" && depth <= 0) return undefined;
  }
  return { indent, quote, depth };
}
