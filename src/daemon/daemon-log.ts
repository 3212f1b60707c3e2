// The daemon's log before and after its configuration is known: lines are kept until level and format are, and a change of
// either takes effect at once.

import type { Config } from "../config/config.ts";
import type { Log, LogFields, LogLevel } from "../sys/log.ts";
import { createPinoLog } from "../sys/pino-log.ts";
import { isTerminal } from "../sys/stdio.ts";

/** What the command line says about the log; it wins over the configuration. */
export interface LogFlags {
  readonly level?: LogLevel | undefined;
  readonly format?: "auto" | "json" | "pretty" | undefined;
}

export interface DaemonLog extends Log {
  /** Opens the log, or opens it anew when the settings differ. */
  configure(logging: Config["logging"]): Promise<void>;
}

export function createDaemonLog(flags: LogFlags): DaemonLog {
  let target: Log | undefined;
  let settings = "";
  const kept: [LogLevel, string, LogFields | undefined][] = [];
  const emit =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (target === undefined) kept.push([level, message, fields]);
      else target[level](message, fields);
    };
  return {
    debug: emit("debug"),
    info: emit("info"),
    warn: emit("warn"),
    error: emit("error"),
    configure: async (logging) => {
      const level = flags.level ?? logging.level;
      const wanted = flags.format ?? logging.format;
      const format = wanted === "auto" ? (isTerminal(2) ? "pretty" : "json") : wanted;
      if (settings === `${level} ${format}`) return;
      settings = `${level} ${format}`;
      target = await createPinoLog({ level, format });
      for (const [at, message, fields] of kept.splice(0)) target[at](message, fields);
    },
  };
}
