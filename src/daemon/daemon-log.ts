// The daemon's log before and after its configuration is known: lines are kept until level and format are, and a change of
// either takes effect at once. Lines for operators that repeat are held back as `sys/log/repeats.ts` says.

import type { Config } from "../config/config.ts";
import type { Clock } from "../sys/clock.ts";
import { createJsonLog } from "../sys/log/json-log.ts";
import type { Log, LogLevel, LogMethod } from "../sys/log/log.ts";
import {
  type LogLine,
  nextDueMs,
  noRepeats,
  releaseDue,
  releaseLast,
  takeLine,
  type WrittenLine,
} from "../sys/log/repeats.ts";
import { isTerminal, writeAll } from "../sys/process/stdio.ts";

export interface DaemonLogOptions {
  readonly clock: Clock;
  /** Level and format of the command line win over the configuration. */
  readonly level?: LogLevel | undefined;
  readonly format?: Config["logging"]["format"] | undefined;
  /** Whether the process ends after a few lines: JSON is then written without loading the log library, a quarter of the start. */
  readonly isBrief: boolean;
}

export interface DaemonLog extends Log, Disposable {
  /** Opens the log, or opens it anew when the settings differ. */
  configure(logging: Config["logging"]): Promise<void>;
  readonly isOpen: () => boolean;
  /** Writes what is held back and would be missed: for the end. Lines may follow. */
  [Symbol.dispose](): void;
}

export function createDaemonLog(options: DaemonLogOptions): DaemonLog {
  let target: Log | undefined;
  let settings = "";
  const kept: ((log: Log) => void)[] = [];
  const write = (line: (log: Log) => void): void => {
    if (target === undefined) kept.push(line);
    else line(target);
  };
  const limiter = createLimiter(options.clock, (line) =>
    write((log) => log[line.level](line.code, line.message, fieldsOf(line))),
  );
  const emit =
    (level: LogLine["level"]): LogMethod =>
    (code, message, fields = {}) =>
      limiter.take({ level, code, message, fields });
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
    [Symbol.dispose]: limiter.end,
  };
}

/** The name is the log's own, so that no line uses it otherwise. */
function fieldsOf({ fields, repeated }: WrittenLine): Record<string, unknown> {
  return repeated === undefined ? fields : { ...fields, repeated };
}

/** Gives `write` each line when it is to be written. */
function createLimiter(clock: Clock, write: (line: WrittenLine) => void) {
  let repeats = noRepeats;
  let timer: { readonly dueMs: number; readonly off: AbortController } | undefined;

  const note = (step: ReturnType<typeof releaseDue>): void => {
    repeats = step.repeats;
    for (const line of step.written) write(line);
    arm(nextDueMs(repeats));
  };
  const arm = (dueMs: number | undefined): void => {
    if (dueMs === timer?.dueMs) return;
    timer?.off.abort();
    timer = undefined;
    if (dueMs === undefined) return;
    const off = new AbortController();
    timer = { dueMs, off };
    void clock.sleep(dueMs - clock.monotonicMs(), off.signal).then(() => {
      if (off.signal.aborted) return;
      timer = undefined;
      note(releaseDue(repeats, clock.monotonicMs()));
    });
  };
  return {
    take: (line: LogLine): void => note(takeLine(repeats, line, clock.monotonicMs())),
    end: (): void => {
      for (const line of releaseLast(repeats, clock.monotonicMs()).written) write(line);
      repeats = noRepeats;
      arm(undefined);
    },
  };
}
