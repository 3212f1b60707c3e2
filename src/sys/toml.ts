// TOML, read by the runtime's own parser: it costs no load, and `docs/decisions/0002-libraries.md` has what it was compared with.

import { describeError } from "./errors.ts";
import { isJsonObject, type JsonObject } from "./json.ts";
import { fault, ok, type Result } from "./result.ts";

/** The document (times as text), or the end of a sentence that says why it is none. Never throws. */
export function parseToml(text: string): Result<JsonObject> {
  try {
    return ok(Bun.TOML.parse(text) as JsonObject);
  } catch (error) {
    // Not only syntax: brackets nested by the thousand overflow the parser's stack.
    const why = describeError(error).replace(/^TOML Parse error: /, "");
    return fault(`is not TOML in line ${lineOfFault(text, String(error))}: ${why}`);
  }
}

/** The parser says no line, but stops at its first fault: the line is the first with which the text so far has that same fault. */
function lineOfFault(text: string, why: string): number {
  const lines = text.split("\n");
  let good = 0;
  let bad = lines.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (hasFault(`${lines.slice(0, middle).join("\n")}\n`, why)) bad = middle;
    else good = middle;
  }
  return bad;
}

function hasFault(text: string, why: string): boolean {
  try {
    Bun.TOML.parse(text);
    return false;
  } catch (error) {
    return String(error) === why;
  }
}

/**
 * The line, from 1, in which the value at `path` is assigned, in a document that `parseToml` reads: the parser keeps no positions, so
 * it is asked which of the lines with that key's name the value vanishes with. 1 for a key that is written with escapes.
 */
export function lineOfToml(text: string, path: readonly string[]): number {
  const key = path.at(-1) ?? "";
  const name = new RegExp(`(?<![\\w-])["']?${key}["']?\\s*=`, "g");
  const lines = text.split("\n");
  const candidates = lines.flatMap((line, at) => (line.search(name) < 0 ? [] : [at]));
  const found =
    candidates.length < 2
      ? candidates[0]
      : candidates.find((at) => {
          const renamed = lines.with(at, (lines[at] ?? "").replaceAll(name, `${key}-elsewhere =`)).join("\n");
          const parsed = parseToml(renamed);
          return parsed.kind === "ok" && tomlAt(parsed.value, path) === undefined;
        });
  return (found ?? 0) + 1;
}

/** The value at a path of keys; undefined where there is none. */
export function tomlAt(document: JsonObject, path: readonly string[]): unknown {
  let value: unknown = document;
  for (const key of path) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  return value;
}
