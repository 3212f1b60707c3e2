// Takes a text apart into documents and parses each by the cheapest parser that is right for it: JSON by
// jsonc-parser, YAML by its library in pieces of bounded size (a cluster's node list is split at its items), the rest is left as text.

import { isDeeperThan, parseJsonTree } from "./json-tree.ts";
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
  /** Whether it is not YAML at all, as far as that was looked at. */
  readonly isInvalid: boolean;
}

interface Piece {
  readonly text: string;
  readonly line: number;
}

/** Longest piece given to the YAML library: the worst text of this size takes it two seconds and 100 MiB. */
const maxYamlPiece = 256 << 10;
/** What may be given to it in all, and how much of that may turn out broken; the rest of the file is left as text. */
const maxYamlTotal = 8 << 20;
const maxBroken = 512 << 10;
const maxDocuments = 5000;
const maxDocumentsInPiece = 1000;
/** Documents of a text, and items of a list, that are told apart. */
const maxParts = 50_000;
/** Flow collections nested deeper take the library time that grows with the square of the depth. */
const maxFlowDepth = 200;

/** The documents of a text. Never throws; time and memory grow with the text's length only. */
export function splitDocuments(text: string): readonly TextDocument[] {
  if (/^\s*[[{]/.test(text)) {
    const values = parseJsonTree(text, { maxValues: maxDocuments });
    if (values !== undefined) {
      return values.map((tree) => ({ tree, text: undefined, line: tree.line, why: undefined, isInvalid: false }));
    }
  }
  const documents: TextDocument[] = [];
  let parsed = 0;
  let broken = 0;
  const pieces = piecesOf(text);
  for (const [index, piece] of pieces.entries()) {
    if (parsed >= maxYamlTotal || broken >= maxBroken || documents.length >= maxDocuments) {
      const rest = {
        text: pieces
          .slice(index)
          .map((other) => other.text)
          .join(""),
        line: piece.line,
      };
      documents.push(leftAsText(rest, "is too large to be parsed whole"));
      break;
    }
    parsed += piece.text.length;
    if (piece.text.length > maxYamlPiece) {
      documents.push(leftAsText(piece, "is too large to be parsed whole"));
      continue;
    }
    const found = parsePiece(piece);
    if (found.some(({ why }) => why !== undefined)) broken += piece.text.length;
    documents.push(...found);
  }
  return documents;
}

function leftAsText({ text, line }: Piece, why: string): TextDocument {
  return { tree: undefined, text, line, why, isInvalid: false };
}

function parsePiece(piece: Piece): readonly TextDocument[] {
  const { text, line: firstLine } = piece;
  if (isDeeperThan(maxFlowDepth, text)) return [leftAsText(piece, "is nested too deep to be parsed")];
  const lines = text.split("\n");
  return parseYamlTrees(text, firstLine).map(({ tree, brokenLine, firstLine: first, lastLine: last }) => {
    const isNothing = tree?.kind === "scalar" && tree.text === undefined;
    const isText = brokenLine !== undefined || (tree?.kind === "scalar" && !isNothing);
    return {
      tree: isText || isNothing ? undefined : tree,
      text: isText ? lines.slice(first - firstLine, last - firstLine + 1).join("\n") : undefined,
      line: first,
      why: brokenLine === undefined ? undefined : `is not valid YAML at line ${brokenLine}`,
      isInvalid: brokenLine !== undefined,
    };
  });
}

/** The whole text when it is short, else its documents in groups, and the items of one that is a long list. */
function piecesOf(text: string): readonly Piece[] {
  if (text.length <= maxYamlPiece) return [{ text, line: 1 }];
  const pieces: Piece[] = [];
  let line = 1;
  for (const part of groupParts(splitBefore(text, /^(?=---(?:\s|$))/gm))) {
    pieces.push(...(part.length <= maxYamlPiece ? [{ text: part, line }] : shortened(part, line)));
    line += countLines(part);
  }
  return pieces;
}

/** A document that is too long: without the comments of whole lines, else in its items. Lines stay where they are. */
function shortened(text: string, line: number): readonly Piece[] {
  const bare = text.replace(/^[ \t]*#[^\n]*$/gm, "");
  return bare.length <= maxYamlPiece ? [{ text: bare, line }] : splitAtItems(bare, line);
}

/** Takes a text apart before each match of an empty pattern; the last part holds what is beyond the limit. */
function splitBefore(text: string, pattern: RegExp): readonly string[] {
  const parts: string[] = [];
  let begin = 0;
  for (const { index } of text.matchAll(pattern)) {
    if (index > begin) parts.push(text.slice(begin, index));
    begin = Math.max(begin, index);
    if (parts.length > maxParts) break;
  }
  parts.push(text.slice(begin));
  return parts;
}

/** Joins neighbouring parts into groups no longer, and of no more parts, than a piece may have. */
function groupParts(parts: readonly string[]): readonly string[] {
  const groups: string[][] = [];
  let size = 0;
  for (const part of parts) {
    const group = groups.at(-1);
    if (group !== undefined && group.length < maxDocumentsInPiece && size + part.length <= maxYamlPiece) {
      group.push(part);
      size += part.length;
    } else {
      groups.push([part]);
      size = part.length;
    }
  }
  return groups.map((group) => group.join(""));
}

/**
 * The items of a block list under a top-level `items:` key (`kubectl get … -o yaml`) in groups, each a list of its own;
 * anything else is one piece.
 */
function splitAtItems(text: string, firstLine: number): readonly Piece[] {
  const header = /^items:[ \t]*\n([ \t]*)- /m.exec(text);
  if (header === null) return [{ text, line: firstLine }];
  const begin = header.index + header[0].indexOf("\n") + 1;
  // What follows the list at the left margin (`kind: List`) belongs to no item.
  const rest = /^(?![ \t#]|- |\n)[^\n]/m.exec(text.slice(begin));
  const list = text.slice(begin, rest === null ? text.length : begin + rest.index);
  const pieces: Piece[] = [];
  let line = firstLine + countLines(text.slice(0, begin));
  for (const part of groupParts(splitBefore(list, new RegExp(`^(?=${header[1] ?? ""}- )`, "gm")))) {
    pieces.push({ text: part, line });
    line += countLines(part);
  }
  return pieces;
}
