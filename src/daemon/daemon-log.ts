// The daemon's log before and after its configuration is known: lines are kept until level and format are, and a change of
// either takes effect at once.

import type { Config } from "../config/config.ts";
import type { Clock } from "../sys/clock.ts";
import { createJsonLog } from "../sys/log/json-log.ts";
import type { Log, LogLevel, LogMethod } from "../sys/log/log.ts";
import { isTerminal, writeAll } from "../sys/process/stdio.ts";

export interface DaemonLogOptions {
  readonly clock: Clock;
  /** Level and format of the command line win over the configuration. */
  readonly level?: LogLevel | undefined;
  readonly format?: Config["logging"]["format"] | undefined;
  /** Whether the process ends after a few lines: JSON is then written without loading the log library, a quarter of the start. */
  readonly isBrief: boolean;
}

export interface DaemonLog extends Log {
  /** Opens the log, or opens it anew when the settings differ. */
  configure(logging: Config["logging"]): Promise<void>;
  readonly isOpen: () => boolean;
}

export function createDaemonLog(options: DaemonLogOptions): DaemonLog {
  let target: Log | undefined;
  let settings = "";
  const kept: ((log: Log) => void)[] = [];
  const write = (line: (log: Log) => void): void => {
    if (target === undefined) kept.push(line);
    else line(target);
  };
  const emit =
    (level: Exclude<LogLevel, "debug">): LogMethod =>
    (...line) =>
      write((log) => log[level](...line));
  return {
    debug: (...line) => write((log) => log.debug(...line)),
    info: emit("info"),
    warn: emit("warn"),
    error: emit("error"),
    isOpen: () => target !== undefined,
    configure: async (logging) => {
      const level = options.level ?? logging.level;
      const wanted = options.format ?? logging.format;
      const format = wanted === "auto" ? (isTerminal(2) ? "pretty" : "json") : wanted;
      if (settings === `${level} ${format}`) return;
      settings = `${level} ${format}`;
      target =
        options.isBrief && format === "json"
          ? createJsonLog((line) => writeAll(2, line), options.clock.now, level)
          : await (await import("../sys/log/pino-log.ts")).createPinoLog({ level, format });
      for (const line of kept.splice(0)) line(target);
    },
  };
}
