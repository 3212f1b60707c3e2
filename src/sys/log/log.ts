// The log interface all code writes to, and the writer without libraries that the CNI plugin and the
// command-line tool use. The daemon's (pino) is in `pino-log.ts`, behind the same interface.

import type { ErrorCode } from "../error-codes.ts";
import type { LogCode } from "./log-codes.ts";
import { printable } from "./printable.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];
/** Facts beside the message; an `error` is written with its causes. The names the log itself uses are taken. */
export type LogFields = Readonly<Record<string, unknown>> & {
  level?: never;
  time?: never;
  code?: never;
  repeated?: never;
  msg?: never;
};

/** What a line is about, the same whatever its words; a line that says why a process ends has the error's. */
export type LineCode = LogCode | ErrorCode;

/** Lines with a code are for operators; those for developers have none. */
export type LogMethod = (code: LineCode, message: string, fields?: LogFields) => void;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info: LogMethod;
  warn: LogMethod;
  error: LogMethod;
}

/** Throws everything away: for tests and for code whose caller prints. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Plain lines for a person at a terminal (`warning: message (key=value …)`), without their code, handed to `write` with their
 * newline. Lines under `level` are dropped.
 */
export function createPlainLog(write: (line: string) => void, level: LogLevel = "warn"): Log {
  const threshold = logLevels.indexOf(level);
  const emit = (at: LogLevel, message: string, fields: LogFields = {}): void => {
    if (logLevels.indexOf(at) < threshold) return;
    const extra = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${formatField(value)}`);
    const word = at === "warn" ? "warning" : at;
    write(`${printable(`${word}: ${message}${extra.length > 0 ? ` (${extra.join(" ")})` : ""}`)}\n`);
  };
  return {
    debug: (message, fields) => emit("debug", message, fields),
    info: (_code, message, fields) => emit("info", message, fields),
    warn: (_code, message, fields) => emit("warn", message, fields),
    error: (_code, message, fields) => emit("error", message, fields),
  };
}

/** A field's value in one line. Errors as their sentence and those of their causes. */
function formatField(value: unknown): string {
  if (typeof value === "string") return value;
  if (!(value instanceof Error)) return toJsonText(value);
  return value.cause instanceof Error ? `${value.message}: ${formatField(value.cause)}` : value.message;
}

/** JSON that never fails: a log line must not be the reason that something stops. */
export function toJsonText(value: unknown): string {
  const open: unknown[] = [];
  const replacer = function (this: unknown, _key: string, part: unknown): unknown {
    if (typeof part === "bigint") return Number(part);
    if (typeof part !== "object" || part === null) return part;
    // `this` holds `part`: everything opened after it has been left.
    while (open.length > 0 && open.at(-1) !== this) open.pop();
    if (open.includes(part)) return "[Circular]";
    open.push(part);
    return part;
  };
  return JSON.stringify(value, replacer) ?? "undefined";
}
