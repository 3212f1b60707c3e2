// What comes next in a directory: the one answer to what is remembered, what is seen and what is wanted. Applied to what it led
// to, it plans nothing more. Pure.

import { install, type Wanted } from "./installation.ts";
import type { DirRecord } from "./manifest.ts";
import { recover } from "./recovery.ts";
import { restore } from "./restoration.ts";
import type { Seen } from "./seen.ts";
import type { Step } from "./step.ts";

export type Intent =
  /** `movesAside`: planned moves are finished if ours is in force. Otherwise they are forgotten. */
  | { readonly kind: "recover"; readonly movesAside: boolean }
  | { readonly kind: "restore" }
  | ({ readonly kind: "install" } & Wanted);

/** An installation and a restore start from a record that a recovery has brought up to date. */
export function next(record: DirRecord, seen: Seen, intent: Intent): Step {
  switch (intent.kind) {
    case "recover":
      return recover(record, seen, intent.movesAside);
    case "restore":
      return restore(record, seen);
    case "install":
      return install(record, seen, intent);
  }
}
