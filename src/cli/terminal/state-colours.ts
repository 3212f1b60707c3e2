// The colours of the words by which tables say how something is: the same word looks the same in every command.

import type { Colour } from "./terminal.ts";

const words: Readonly<Record<Colour, readonly string[]>> = {
  green: ["yes", "ok", "live", "used", "same"],
  yellow: ["warning", "unknown", "skipped", "unapproved", "other"],
  red: ["no", "error", "failed", "invalid", "silent"],
  dim: ["-", "absent", "offline"],
  bold: [],
};

export const stateColours: ReadonlyMap<string, Colour> = new Map(
  Object.entries(words).flatMap(([colour, list]) => list.map((word) => [word, colour as Colour])),
);
