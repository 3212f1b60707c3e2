// The daemon's log: JSON lines on standard error, or pretty lines on a terminal. pino transports do not
// survive compilation, so both forms are plain synchronous streams.

import pino from "pino";
import type { Log, LogFields, LogLevel } from "./log.ts";

export interface PinoLogOptions {
  readonly level: LogLevel;
  /** `pretty` loads pino-pretty; `json` does not. */
  readonly format: "json" | "pretty";
}

/** Opens the log on file descriptor 2. Lines are written before the call returns, so none is lost at exit. */
export async function createPinoLog(options: PinoLogOptions): Promise<Log> {
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    messageKey: "msg",
    serializers: { error: pino.stdSerializers.errWithCause },
  };
  const destination =
    options.format === "json"
      ? pino.destination({ fd: 2, sync: true })
      : (await import("pino-pretty")).default({
          destination: 2,
          sync: true,
          colorize: process.env.NO_COLOR === undefined,
          translateTime: "SYS:HH:MM:ss.l",
          ignore: "pid,hostname",
        });
  const logger = pino(settings, destination);
  const emit =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void =>
      logger[level](fields ?? {}, message);
  return { debug: emit("debug"), info: emit("info"), warn: emit("warn"), error: emit("error") };
}
