// What becomes of a file that lies, or is about to lie, aside: one table over what it is and where it is found. Pure.

import { conflistFileName } from "../../node-state/names.ts";
import { join } from "../../sys/fs/path.ts";
import { type AsideRecord, asideRoles, asideStates, isSameContent } from "./manifest.ts";
import { isAsRecorded, type Seen } from "./seen.ts";

/** The columns of the table, in their order, and what each can say. */
export const columns = {
  intent: ["install", "recover", "restore"],
  role: asideRoles,
  state: asideStates,
  /**
   * Where the file itself is: lies aside as recorded, or `changed` since; `alone` there, while our name, which it had, is empty;
   * under `both` names; at its name, untouched: `home`, or `due` when a planned move is to be finished.
   */
  place: ["aside", "changed", "alone", "both", "home", "due", "nowhere"],
  /** Whether other content has its name. What has our own name gives way. */
  name: ["free", "taken"],
  /** Whether the backups alone could bring it back: only a restore asks, since it reads the copy. */
  copy: ["copied", "none"],
} as const;

export type Situation = { readonly [Column in keyof typeof columns]: (typeof columns)[Column][number] };

/**
 * - `note`: stays as it is; a planned move that is found done is noted as done
 * - `retire`: has nothing to do with the installation that begins
 * - `forget`: is where it was before HeadCNI
 * - `drop`: has two names, because it was never replaced or is back already: the other name is enough
 * - `set-aside`, `put-back`: goes to its aside name, or returns from there
 * - `swap`: returns changed, and the recorded content is kept as a version
 * - `keep-copy`: only its copy is kept, as a version
 * - `leave`: cannot return
 */
const kinds = ["note", "retire", "forget", "swap", "drop", "set-aside", "put-back", "keep-copy", "leave"] as const;

/**
 * The first row that matches counts. A restore follows a recovery, so it finds no file that is due, at home or under both names.
 * What is said of a transition continues a sentence that begins with the file's name.
 */
const table = `
  intent  role     state   place   name  copy   transition  what is said of it
  install *        left    *       *     *      retire
  install *        *       *       *     *      note

  recover leftover *       home    *     *      forget
  recover leftover *       nowhere *     *      keep-copy
  recover leftover *       *       *     *      note
  recover *        *       both    *     *      drop
  recover *        planned alone   *     *      put-back
  recover *        *       due     *     *      set-aside
  recover *        *       home    *     *      forget
  recover *        planned nowhere *     *      forget
  recover *        left    nowhere *     *      keep-copy
  recover *        *       *       *     *      note

  restore leftover *       *       *     *      note
  restore later    *       *       *     copied keep-copy   came back while HeadCNI was in force; that one is kept as {copy}
  restore later    *       *       *     none   leave       came back while HeadCNI was in force; that one stays as {aside}
  restore original *       nowhere taken copied keep-copy   was written anew since and stays as it is; its original is kept as {copy}
  restore original *       nowhere taken none   leave       was written anew since and stays as it is; its original is gone
  restore original *       *       taken *      leave       was written anew since and stays as it is; its original stays as {aside}
  restore original *       nowhere *     copied put-back    comes from its copy, because {aside} is gone
  restore original *       nowhere *     none   leave       cannot come back: {aside} is gone, and there is no copy
  restore original *       changed *     copied swap        was changed while it lay aside and comes back as it is now; the original is kept as {copy}
  restore original *       changed *     none   put-back    was changed while it lay aside and comes back as it is now
  restore original *       *       *     *      put-back
`;

export interface Row {
  /** A value of each column, or `*` for any. */
  readonly cells: readonly string[];
  readonly transition: (typeof kinds)[number];
  readonly why: string;
}

export const rows: readonly Row[] = table.split("\n").flatMap((line) => {
  const cells = line.trim().split(/\s+/);
  const width = Object.keys(columns).length;
  const transition = kinds.find((known) => known === cells[width]);
  return transition === undefined
    ? []
    : [{ cells: cells.slice(0, width), transition, why: cells.slice(width + 1).join(" ") }];
});

/** What becomes of a file in this situation. */
export function rowFor(situation: Situation): Row {
  const { intent, role, state, place, name, copy } = situation;
  const facts = [intent, role, state, place, name, copy];
  const row = rows.find(({ cells }) => cells.every((cell, column) => cell === "*" || cell === facts[column]));
  if (row === undefined) throw new Error(`the table of transitions has no row for ${facts.join(", ")}`);
  return row;
}

export interface TransitionOptions {
  readonly intent: Situation["intent"];
  /** Whether planned moves are to be finished. @default false */
  readonly finishesMoves?: boolean;
}

/** What becomes of `entry`, and what is said of it. */
export function transitionOf(seen: Seen, entry: AsideRecord, options: TransitionOptions) {
  const { transition, why } = rowFor(situationOf(seen, entry, options));
  // Of a link, which has no content, the manifest says where it points.
  const copy = join(seen.backupsDir, entry.copy ?? "manifest.json");
  const said = why.replace("{aside}", () => entry.aside).replace("{copy}", () => copy);
  return { transition, why: said === "" ? undefined : said };
}

function situationOf(seen: Seen, entry: AsideRecord, { intent, finishesMoves = false }: TransitionOptions): Situation {
  const isOurName = entry.name === conflistFileName;
  const atName = seen.files.get(entry.name);
  const aside = seen.files.get(entry.aside);
  const place = (): Situation["place"] => {
    if (aside === undefined && !isAsRecorded(atName, entry)) return "nowhere";
    if (aside === undefined) return finishesMoves && entry.state === "planned" && !isOurName ? "due" : "home";
    if (isOurName && atName === undefined && entry.state === "planned") return "alone";
    if (isOurName && atName?.inode === aside.inode) return "both";
    return isAsRecorded(aside, entry) ? "aside" : "changed";
  };
  const isSame = atName?.record !== undefined && isSameContent(atName.record, entry);
  return {
    intent,
    role: entry.role,
    state: entry.state,
    place: place(),
    name: atName === undefined || isOurName || isSame ? "free" : "taken",
    copy: intent === "restore" && seen.isCopied(entry) ? "copied" : "none",
  };
}
