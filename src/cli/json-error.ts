// Errors for programs: with `-o json` on the command line, a command that fails ends standard error with one line of JSON.
// `docs/reference/exit-codes.md` documents its shape.

import type { ErrorCode } from "../sys/error-codes.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { JsonObject } from "../sys/json.ts";
import { internalHint, usageHint } from "./exit.ts";

/** Whether the command line asks for JSON, at whatever place: an error of usage may stand before it. */
export function wantsJson(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  const flags = end < 0 ? args : args.slice(0, end);
  return flags.some((arg, at) => {
    if (arg === "-o" || arg === "--output") return flags[at + 1] === "json";
    return arg === "-ojson" || arg === "--output=json";
  });
}

/** One line, for anything thrown below a command: `{"error":{"code","message","hint","issues"}}`, the last two where there are any. */
export function jsonErrorLine(error: unknown): string {
  if (error instanceof HeadcniError) {
    const { code, message, hint } = error;
    const issues = error.issues.map((issue): JsonObject => ({ ...issue }));
    return jsonLine({ code, message, hint, issues: issues.length > 0 ? issues : undefined });
  }
  const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return jsonLine({ code: "HC_INTERNAL", message, hint: internalHint });
}

/** As `jsonErrorLine`, for a wrong command line. @param message commander's: `error: …`, maybe with a second line. */
export function jsonUsageLine(message: string): string {
  // Its own words for a group without a command, whose help it prints.
  const isHelp = message === "(outputHelp)";
  const sentence = isHelp ? "a command is missing" : message.replace(/^error: /, "").replaceAll("\n", " ");
  return jsonLine({ code: "HC_USAGE", message: sentence, hint: usageHint });
}

interface JsonError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly issues?: readonly JsonObject[] | undefined;
}

function jsonLine(error: JsonError): string {
  return `${JSON.stringify({ error })}\n`;
}
