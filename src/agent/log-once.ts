// A log that says the same thing once: for code that looks again and again.

import type { Log, LogLevel, LogMethod } from "../sys/log/log.ts";

export function logOnce(log: Log): Log {
  const said = new Set<string>();
  const isNew = (message: string): boolean => {
    if (said.has(message)) return false;
    // Messages hold values of the node; a bound keeps a strange one from filling the memory.
    if (said.size >= 1000) said.clear();
    said.add(message);
    return true;
  };
  const once =
    (level: Exclude<LogLevel, "debug">): LogMethod =>
    (code, message, fields) => {
      if (isNew(message)) log[level](code, message, fields);
    };
  const debug: Log["debug"] = (message, fields) => {
    if (isNew(message)) log.debug(message, fields);
  };
  return { debug, info: once("info"), warn: once("warn"), error: once("error") };
}
