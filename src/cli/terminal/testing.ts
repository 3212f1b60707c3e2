// A terminal for tests: none, as in a pipe.

import type { Terminal } from "./terminal.ts";

export const plainTerminal: Terminal = {
  columns: undefined,
  paint: (_colour, text) => text,
  progress: () => undefined,
  busy: () => ({ [Symbol.dispose]: () => undefined }),
};
