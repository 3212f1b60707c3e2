// Cuts the text of a JSON object into its members, without an object for each of them. It tells where they are; whether what is there is
// JSON, only parsing does: where all pieces between the marks are, the whole is. Pure.

/** Where a member is: its key with the quotes, and where its value begins. */
export interface MemberPlace {
  readonly key: string;
  readonly valueAt: number;
}

/** Where a value ends, behind it; undefined where nothing ends it. */
export type ValueEnd = number | undefined;

const [tab, lineFeed, carriageReturn, space] = [0x09, 0x0a, 0x0d, 0x20];
const [quote, comma, colon, backslash] = [0x22, 0x2c, 0x3a, 0x5c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Goes through the members of the object that begins at `at`, in order.
 * @param onMember gives where the member's value ends, as `endOfValue` or the caller knows it; undefined ends the walk
 * @returns where the object ends; undefined where it is not written as one
 */
export function walkMembers(text: string, at: number, onMember: (member: MemberPlace) => ValueEnd): ValueEnd {
  if (text.charCodeAt(at) !== openObject) return undefined;
  let here = skipSpace(text, at + 1);
  if (text.charCodeAt(here) === closeObject) return here + 1;
  for (;;) {
    const keyEnd = text.charCodeAt(here) === quote ? endOfString(text, here) : undefined;
    if (keyEnd === undefined) return undefined;
    const colonAt = skipSpace(text, keyEnd);
    if (text.charCodeAt(colonAt) !== colon) return undefined;
    const end = onMember({ key: text.slice(here, keyEnd), valueAt: skipSpace(text, colonAt + 1) });
    if (end === undefined) return undefined;
    here = skipSpace(text, end);
    const mark = text.charCodeAt(here);
    if (mark === closeObject) return here + 1;
    if (mark !== comma) return undefined;
    here = skipSpace(text, here + 1);
  }
}

/** Where the value that begins at `at` ends. What is no JSON may seem to end anywhere. */
export function endOfValue(text: string, at: number): ValueEnd {
  const first = text.charCodeAt(at);
  if (first === quote) return endOfString(text, at);
  return first === openObject || first === openList ? endOfBrackets(text, at) : endOfWord(text, at);
}

function endOfBrackets(text: string, at: number): ValueEnd {
  let depth = 0;
  let here: ValueEnd = at;
  while (here !== undefined && here < text.length) {
    const code = text.charCodeAt(here);
    if (code === quote) {
      here = endOfString(text, here);
      continue;
    }
    here += 1;
    if (code === openObject || code === openList) depth += 1;
    else if (code === closeObject || code === closeList) {
      depth -= 1;
      if (depth === 0) return here;
    }
  }
  return undefined;
}

function endOfString(text: string, at: number): ValueEnd {
  for (let end = text.indexOf('"', at + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let escapes = 0;
    while (text.charCodeAt(end - 1 - escapes) === backslash) escapes += 1;
    if (escapes % 2 === 0) return end + 1;
  }
  return undefined;
}

/** A number, true, false or null: up to a mark or a space; undefined where there is none. */
function endOfWord(text: string, at: number): ValueEnd {
  let end = at;
  while (end < text.length && !isMark(text.charCodeAt(end))) end += 1;
  return end === at ? undefined : end;
}

function isMark(code: number): boolean {
  return isSpace(code) || code === comma || code === closeObject || code === closeList;
}

function isSpace(code: number): boolean {
  return code === space || code === lineFeed || code === tab || code === carriageReturn;
}

export function skipSpace(text: string, at: number): number {
  let here = at;
  while (isSpace(text.charCodeAt(here))) here += 1;
  return here;
}
