// A log that says the same thing once: for code that looks again and again.

import type { Log, LogFields, LogLevel } from "../sys/log/log.ts";

export function logOnce(log: Log): Log {
  const said = new Set<string>();
  const once =
    (level: LogLevel) =>
    (message: string, fields?: LogFields): void => {
      if (said.has(message)) return;
      // Messages hold values of the node; a bound keeps a strange one from filling the memory.
      if (said.size >= 1000) said.clear();
      said.add(message);
      log[level](message, fields);
    };
  return { debug: once("debug"), info: once("info"), warn: once("warn"), error: once("error") };
}
