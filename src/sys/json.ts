// JSON as a type, and the one way HeadCNI prints it on a node.

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue | undefined;
}

/** Whether a parsed value is a JSON object (not null, not a list). */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Numbers a double may not hold as written: 16 digits and more, exponents, negative zero. */
const longNumber = /\d{16}|\d\.?[eE]|-0/;

/**
 * As `JSON.parse`, but numbers that a double cannot hold keep their digits when the value is printed again: what belongs to another
 * program (an identifier of 64 bits) goes through unchanged.
 * @throws SyntaxError
 */
export function parseJsonExactly(text: string): unknown {
  if (!longNumber.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
    if (typeof value !== "number" || context?.source === undefined) return value;
    const isExact = Number.isSafeInteger(value) && !Object.is(value, -0);
    return isExact || String(value) === context.source ? value : rawJson(context.source);
  });
}

/** The JSON object a text holds, its numbers kept as `parseJsonExactly` does; undefined for text that holds none. */
export function tryParseJsonObject(text: string): JsonObject | undefined {
  try {
    const json = parseJsonExactly(text);
    return isJsonObject(json) ? json : undefined;
  } catch {
    // Not JSON: the caller says so, with what it expected.
    return undefined;
  }
}

/** `JSON.rawJSON` of ECMA-262, which TypeScript's library does not know yet. */
function rawJson(source: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(source);
}

/** Two-space JSON with a final newline: what every file HeadCNI writes looks like. */
export function printJson(value: JsonValue): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
