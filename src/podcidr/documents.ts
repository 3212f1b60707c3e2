// Takes a text apart into documents and parses each by the cheapest parser that is right for it: JSON by our own, YAML by the
// library in pieces of bounded size (a cluster's node list is split at its items), the rest is left as text.

import { parseJsonTree } from "./json-tree.ts";
import type { Tree } from "./tree.ts";
import { countLines, parseYamlTrees } from "./yaml-tree.ts";

export interface TextDocument {
  /** The parsed document; undefined when it is only text. */
  readonly tree: Tree | undefined;
  /** The text, where there is no tree; undefined for an empty document. */
  readonly text: string | undefined;
  /** The line the document begins at. */
  readonly line: number;
  /** Why there is no tree, as the end of a sentence that begins with the file; undefined for text that never was YAML. */
  readonly why: string | undefined;
}

/** Longest piece given to the YAML library: the worst text of this size takes it a second or two. */
const maxYamlPiece = 512 << 10;

/** The documents of a text. Never throws; time and memory grow with the text's length only. */
export function splitDocuments(text: string): readonly TextDocument[] {
  if (/^\s*[[{]/.test(text)) {
    const values = parseJsonTree(text);
    if (values !== undefined) return values.map((tree) => ({ tree, text: undefined, line: tree.line, why: undefined }));
  }
  if (text.length <= maxYamlPiece) return parsePiece(text, 1);
  return splitAtMarkers(text).flatMap((piece) =>
    piece.text.length <= maxYamlPiece
      ? parsePiece(piece.text, piece.line)
      : splitAtItems(piece.text, piece.line).flatMap((item) => parsePiece(item.text, item.line)),
  );
}

interface Piece {
  readonly text: string;
  readonly line: number;
}

function parsePiece(text: string, firstLine: number): readonly TextDocument[] {
  if (text.length > maxYamlPiece) {
    return [{ tree: undefined, text, line: firstLine, why: "is too large to be parsed as one YAML document" }];
  }
  const lines = text.split("\n");
  return parseYamlTrees(text, firstLine).map((document) => {
    const { tree, brokenLine, firstLine: first, lastLine: last } = document;
    if (tree !== undefined && tree.kind !== "scalar") return { tree, text: undefined, line: first, why: undefined };
    if (tree === undefined && brokenLine === undefined) return { tree, text: undefined, line: first, why: undefined };
    return {
      tree: undefined,
      text: lines.slice(first - firstLine, last - firstLine + 1).join("\n"),
      line: first,
      why: brokenLine === undefined ? undefined : `is not valid YAML at line ${brokenLine}`,
    };
  });
}

/** Pieces between `---` lines. */
function splitAtMarkers(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let line = 1;
  for (const part of text.split(/^(?=---(?:\s|$))/m)) {
    pieces.push({ text: part, line });
    line += countLines(part);
  }
  return pieces;
}

/**
 * The items of a block list under a top-level `items:` key (`kubectl get … -o yaml`), each as a list of one; anything else
 * is one piece.
 */
function splitAtItems(text: string, firstLine: number): readonly Piece[] {
  const header = /^items:[ \t]*\n([ \t]*)- /m.exec(text);
  if (header === null) return [{ text, line: firstLine }];
  const begin = header.index + header[0].indexOf("\n") + 1;
  const indent = header[1] ?? "";
  const pieces: Piece[] = [];
  let line = firstLine + countLines(text.slice(0, begin));
  for (const part of text.slice(begin).split(new RegExp(`^(?=${indent}- )`, "m"))) {
    // What follows the list at the left margin (`kind: List`) belongs to no item.
    const end = /^(?![ \t#]|- |\n)[^\n]/m.exec(part);
    pieces.push({ text: end === null ? part : part.slice(0, end.index), line });
    line += countLines(part);
  }
  return pieces;
}
