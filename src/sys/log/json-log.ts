// JSON lines without a library, for runs that end within milliseconds: the same fields in the same order as the daemon's
// log in `pino-log.ts`, which a test holds.

import { type Log, type LogFields, type LogLevel, logLevels, toJsonText } from "./log.ts";

/** Hands each line of at least `level`, with its newline, to `write`. `now` gives milliseconds since the epoch. */
export function createJsonLog(write: (line: string) => void, now: () => number, level: LogLevel): Log {
  const threshold = logLevels.indexOf(level);
  const emit =
    (at: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (logLevels.indexOf(at) < threshold) return;
      const { error, ...rest } = fields;
      const said = error === undefined ? rest : { ...rest, error: plainError(error) };
      write(`${toJsonText({ level: at, time: new Date(now()).toISOString(), ...said, msg: message })}\n`);
    };
  return { debug: emit("debug"), info: emit("info"), warn: emit("warn"), error: emit("error") };
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
