// What a terminal adds to the text of a command: colour, its width, a line of progress that goes away. In a pipe there is none of it,
// so that what programs read is always the same.

import type { Clock } from "../../sys/clock.ts";
import type { Env } from "../../sys/machine.ts";
import { isTerminal, terminalColumns, writeAll } from "../../sys/process/stdio.ts";

export type Colour = "green" | "yellow" | "red" | "dim" | "bold";

export interface Terminal {
  /** Cells of a line of standard output; undefined where it is no terminal: lines are not broken. */
  readonly columns: number | undefined;
  /** `text` in a colour, where standard output is a terminal and NO_COLOR is not set (no-color.org). */
  paint(colour: Colour, text: string): string;
  /** Shows a line on standard error, where that is a terminal, in place of the last one; undefined takes it away. */
  progress(line: string | undefined): void;
  /**
   * Shows `line` and the seconds that went by, from the first one on, unless the command shows progress of its own. Disposing takes it
   * away.
   */
  busy(line: string): Disposable;
}

const codes: Readonly<Record<Colour, number>> = { green: 32, yellow: 33, red: 31, dim: 2, bold: 1 };

/** The terminal of this process; nothing is asked before it is needed. */
export function createTerminal(env: Env, clock: Clock): Terminal {
  const isDumb = env.TERM === "dumb";
  const isColoured = (env.NO_COLOR ?? "") === "" && !isDumb;
  const isSilent = (): boolean => isDumb || !isTerminal(2);
  let isShown = false;
  let hasOwn = false;
  const show = (line: string | undefined): void => {
    if (line === undefined && !isShown) return;
    isShown = line !== undefined;
    writeAll(2, `\r\x1b[K${line ?? ""}`);
  };
  const count = async (line: string, signal: AbortSignal): Promise<void> => {
    for (let seconds = 1; ; seconds++) {
      await clock.sleep(1000, signal);
      if (signal.aborted || hasOwn) return;
      show(`${line}: ${seconds} s`);
    }
  };
  return {
    get columns() {
      return isTerminal(1) ? terminalColumns() : undefined;
    },
    paint: (colour, text) => (isColoured && isTerminal(1) ? `\x1b[${codes[colour]}m${text}\x1b[0m` : text),
    progress: (line) => {
      if (isSilent()) return;
      hasOwn ||= line !== undefined;
      show(line);
    },
    busy: (line) => {
      const end = new AbortController();
      if (!isSilent()) void count(line, end.signal);
      return {
        [Symbol.dispose]: () => {
          end.abort();
          show(undefined);
        },
      };
    },
  };
}
