// What becomes of a file that lies, or is about to lie, aside: one table over what it is and where it is found. Pure.

import { conflistFileName } from "../../node-state/names.ts";
import { join } from "../../sys/fs/path.ts";
import { isSameContent } from "./kept-versions.ts";
import { type AsideRecord, asideRoles, asideStates, isOurOriginal } from "./manifest.ts";
import { isAsRecorded, type Seen } from "./seen.ts";

/**
 * - `note`: stays as it is; a planned move that is found done is noted as done
 * - `retire`: has nothing to do with the installation that begins
 * - `forget`: the file is where it was before HeadCNI
 * - `drop`: one of two names of a file that was never replaced, or is back already: the other name is enough
 * - `set-aside`: goes aside, as planned
 * - `put-back`: returns to its name
 * - `swap`: likewise, and the recorded content, which the file no longer has, is kept as a version
 * - `keep-copy`: only its copy is kept, as a version
 * - `leave`: cannot return
 */
export type Transition =
  | "note"
  | "retire"
  | "forget"
  | "drop"
  | "set-aside"
  | "put-back"
  | "swap"
  | "keep-copy"
  | "leave";

/** What the table looks at, column by column. */
export const columns = {
  intent: ["install", "recover", "restore"],
  /** `ours` is the original at our own name. */
  role: [...asideRoles, "ours"],
  state: asideStates,
  /**
   * Where the file itself is: lies aside as recorded, or `changed` since; under `both` names; at its name, untouched: `home`, or
   * `due` when a planned move is to be finished.
   */
  place: ["aside", "changed", "both", "home", "due", "nowhere"],
  /** What has its name: nothing, the recorded content, or other content. */
  name: ["free", "same", "taken"],
  /** Whether the backups alone could bring it back. */
  copy: ["copied", "none"],
} as const;

type Column = keyof typeof columns;
export type Situation = { readonly [C in Column]: (typeof columns)[C][number] };
export type IntentKind = Situation["intent"];

export interface SettleOptions {
  readonly intent: IntentKind;
  /** Whether planned moves are to be finished. @default false */
  readonly finishesMoves?: boolean;
}

type Cells = readonly [
  Situation["intent"] | "*",
  Situation["role"] | "*",
  Situation["state"] | "*",
  Situation["place"] | "*",
  Situation["name"] | "*",
  Situation["copy"] | "*",
];
type Row = readonly [...Cells, Transition, (keyof typeof reasons)?];

/** Why, in the words of a restore: each continues a sentence that begins with the file's name. */
const reasons = {
  laterKept: ({ copy }) => `came back while HeadCNI was in force; that one is kept as ${copy}`,
  laterStays: ({ aside }) => `came back while HeadCNI was in force; that one stays as ${aside}`,
  before: () => "was there before HeadCNI",
  oursLost: ({ aside }) => `cannot come back: ${aside}, which was there before, is gone`,
  oursStays: ({ aside }) => `stays: ${aside}, which was there before, is gone`,
  newerKept: ({ copy }) => `was written anew since and stays as it is; its original is kept as ${copy}`,
  newerStays: ({ aside }) => `was written anew since and stays as it is; its original stays as ${aside}`,
  newerLost: () => "was written anew since and stays as it is; its original is gone",
  fromCopy: ({ aside }) => `comes from its copy, because ${aside} is gone`,
  lost: ({ aside }) => `cannot come back: ${aside} is gone, and there is no copy`,
  edited: () => "was changed while it lay aside and comes back as it is now",
  editedKept: ({ copy }) =>
    `was changed while it lay aside and comes back as it is now; the original is kept as ${copy}`,
} as const satisfies Record<string, (names: { readonly aside: string; readonly copy: string }) => string>;

/** The first row that matches counts. A restore follows a recovery: no file is due, at home or under both names then. */
// biome-ignore format: one row a line, in columns
const table: readonly Row[] = [
  // intent    role        state      place      name     copy      transition   why
  ["install", "*",        "left",    "*",       "*",     "*",      "retire"],
  ["install", "*",        "*",       "*",       "*",     "*",      "note"],

  ["recover", "leftover", "*",       "home",    "*",     "*",      "forget"],
  ["recover", "leftover", "*",       "nowhere", "*",     "*",      "keep-copy"],
  ["recover", "leftover", "*",       "*",       "*",     "*",      "note"],
  ["recover", "*",        "*",       "both",    "*",     "*",      "drop"],
  ["recover", "*",        "*",       "due",     "*",     "*",      "set-aside"],
  ["recover", "*",        "*",       "home",    "*",     "*",      "forget"],
  ["recover", "*",        "planned", "nowhere", "*",     "*",      "forget"],
  ["recover", "*",        "left",    "nowhere", "*",     "*",      "keep-copy"],
  ["recover", "*",        "*",       "*",       "*",     "*",      "note"],

  ["restore", "leftover", "*",       "*",       "*",     "*",      "note"],
  ["restore", "later",    "*",       "*",       "*",     "copied", "keep-copy", "laterKept"],
  ["restore", "later",    "*",       "*",       "*",     "none",   "leave",     "laterStays"],
  ["restore", "ours",     "*",       "changed", "*",     "copied", "swap",      "before"],
  ["restore", "ours",     "*",       "nowhere", "free",  "none",   "leave",     "oursLost"],
  ["restore", "ours",     "*",       "nowhere", "*",     "none",   "leave",     "oursStays"],
  ["restore", "ours",     "*",       "*",       "*",     "*",      "put-back",  "before"],
  ["restore", "original", "*",       "nowhere", "taken", "copied", "keep-copy", "newerKept"],
  ["restore", "original", "*",       "nowhere", "taken", "none",   "leave",     "newerLost"],
  ["restore", "original", "*",       "*",       "taken", "*",      "leave",     "newerStays"],
  ["restore", "original", "*",       "nowhere", "*",     "copied", "put-back",  "fromCopy"],
  ["restore", "original", "*",       "nowhere", "*",     "none",   "leave",     "lost"],
  ["restore", "original", "*",       "changed", "*",     "copied", "swap",      "editedKept"],
  ["restore", "original", "*",       "changed", "*",     "none",   "put-back",  "edited"],
  ["restore", "original", "*",       "*",       "*",     "*",      "put-back"],
];

export const rowCount = table.length;

/** The row of the table, and its number, so that a test can show that each is reached. */
export function rowFor(situation: Situation): { readonly at: number; readonly row: Row } {
  const facts = [
    situation.intent,
    situation.role,
    situation.state,
    situation.place,
    situation.name,
    situation.copy,
  ] as const;
  const at = table.findIndex((row) => facts.every((fact, column) => row[column] === "*" || row[column] === fact));
  const row = table[at];
  if (row === undefined) throw new Error(`no transition for ${facts.join(", ")}`);
  return { at, row };
}

export function situationOf(
  seen: Seen,
  entry: AsideRecord,
  { intent, finishesMoves = false }: SettleOptions,
): Situation {
  const atName = seen.files.get(entry.name);
  const aside = seen.files.get(entry.aside);
  const isSame = atName?.record !== undefined && isSameContent(atName.record, entry);
  const isDue = finishesMoves && entry.state === "planned" && entry.name !== conflistFileName;
  const place = (): Situation["place"] => {
    if (aside === undefined) return !isAsRecorded(atName, entry) ? "nowhere" : isDue ? "due" : "home";
    if (entry.name === conflistFileName && atName?.inode === aside.inode) return "both";
    return isAsRecorded(aside, entry) ? "aside" : "changed";
  };
  return {
    intent,
    role: isOurOriginal(entry) ? "ours" : entry.role,
    state: entry.state,
    place: place(),
    name: atName === undefined ? "free" : isSame ? "same" : "taken",
    copy: seen.copied.has(entry.aside) ? "copied" : "none",
  };
}

/** What becomes of `entry`, and why, where an operator asks. */
export function transitionOf(
  seen: Seen,
  entry: AsideRecord,
  situation: Situation,
): { readonly transition: Transition; readonly why: string | undefined } {
  const [, , , , , , transition, reason] = rowFor(situation).row;
  // Of a link, which has no content, the manifest says where it points.
  const names = { aside: entry.aside, copy: join(seen.backupsDir, entry.copy ?? "manifest.json") };
  return { transition, why: reason === undefined ? undefined : reasons[reason](names) };
}
