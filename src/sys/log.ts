// The log interface all code writes to, and the writer without libraries that the CNI plugin and the
// command-line tool use. The daemon's (pino) is in `pino-log.ts`, behind the same interface.

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];
export type LogFields = Readonly<Record<string, unknown>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Throws everything away: for tests and for code whose caller prints. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };

/**
 * Plain lines for a terminal (`warning: message (key=value …)`), handed to `write` with their newline.
 * Lines under `level` are dropped.
 */
export function createPlainLog(write: (line: string) => void, level: LogLevel = "warn"): Log {
  const threshold = logLevels.indexOf(level);
  const emit = (at: LogLevel, message: string, fields?: LogFields): void => {
    if (logLevels.indexOf(at) < threshold) return;
    const extra = Object.entries(fields ?? {})
      .filter(([, value]) => value !== undefined)
      .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
    const word = at === "warn" ? "warning" : at;
    write(`${word}: ${message}${extra.length > 0 ? ` (${extra.join(" ")})` : ""}\n`);
  };
  return {
    debug: (message, fields) => emit("debug", message, fields),
    info: (message, fields) => emit("info", message, fields),
    warn: (message, fields) => emit("warn", message, fields),
    error: (message, fields) => emit("error", message, fields),
  };
}
