// JSON lines without a library, for runs that end within milliseconds: the same fields in the same order as the daemon's
// log in `pino-log.ts`, which a test holds.

import {
  type LineCode,
  type Log,
  type LogFields,
  type LogLevel,
  type LogMethod,
  logLevels,
  toJsonText,
} from "./log.ts";

/** Hands each line of at least `level`, with its newline, to `write`. `now` gives milliseconds since the epoch. */
export function createJsonLog(write: (line: string) => void, now: () => number, level: LogLevel): Log {
  const threshold = logLevels.indexOf(level);
  const emit = (at: LogLevel, code: LineCode | undefined, message: string, fields: LogFields = {}): void => {
    if (logLevels.indexOf(at) < threshold) return;
    const { error, ...rest } = fields;
    const said = error === undefined ? rest : { ...rest, error: plainError(error) };
    write(`${toJsonText({ level: at, time: new Date(now()).toISOString(), code, ...said, msg: message })}\n`);
  };
  const coded =
    (at: LogLevel): LogMethod =>
    (code, message, fields) =>
      emit(at, code, message, fields);
  return {
    debug: (message, fields) => emit("debug", undefined, message, fields),
    info: coded("info"),
    warn: coded("warn"),
    error: coded("error"),
  };
}

/** An error as data, with what its class adds (code, hint, details); anything else as it is. */
function plainError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { message, stack, cause, ...own } = error;
  return {
    type: error.constructor.name,
    message,
    stack,
    ...(cause === undefined ? {} : { cause: plainError(cause) }),
    ...own,
  };
}
