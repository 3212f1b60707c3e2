// The daemon's log: JSON lines on standard error, or pretty lines on a terminal. pino transports do not
// survive compilation, so both forms are plain synchronous streams.

import pino from "pino";
import { isTerminal } from "../process/stdio.ts";
import type { Log, LogLevel, LogMethod } from "./log.ts";
import { printable } from "./printable.ts";

export interface PinoLogOptions {
  readonly level: LogLevel;
  /** `pretty` loads pino-pretty; `json` does not. */
  readonly format: "json" | "pretty";
}

/**
 * Opens the log on file descriptor 2. Lines are written before the call returns, so none is lost at exit. A log that can
 * not be written (its reader is gone, the disk is full) is no reason to stop giving pods a network: lines are dropped.
 */
export async function createPinoLog(options: PinoLogOptions): Promise<Log> {
  const settings: pino.LoggerOptions = {
    level: options.level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    messageKey: "msg",
    serializers: { error: pino.stdSerializers.errWithCause },
  };
  const isPretty = options.format === "pretty";
  const target = pino.destination({ fd: 2, sync: true });
  target.on("error", () => undefined);
  const logger = pino(settings, isPretty ? await prettyStream(target) : target);
  const shown = (message: string): string => (isPretty ? printable(message) : message);
  const emit =
    (level: LogLevel): LogMethod =>
    (code, message, fields) =>
      logger[level]({ code, ...fields }, shown(message));
  return {
    debug: (message, fields = {}) => logger.debug(fields, shown(message)),
    info: emit("info"),
    warn: emit("warn"),
    error: emit("error"),
  };
}

async function prettyStream(destination: pino.DestinationStream): Promise<pino.DestinationStream> {
  const { default: pretty } = await import("pino-pretty");
  return pretty({
    destination: destination as NodeJS.WritableStream & pino.DestinationStream,
    sync: true,
    // https://no-color.org: set and not empty.
    colorize: isTerminal(2) && (process.env.NO_COLOR ?? "") === "",
    translateTime: "SYS:HH:MM:ss.l",
    ignore: "pid,hostname",
  });
}
