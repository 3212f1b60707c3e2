// What comes next in a directory: the one answer to what is remembered, what is seen and what is wanted. Applied to what it led
// to, it plans nothing more. Pure.

import { originalName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import { type AsideRecord, type DirRecord, isCopied, isOurOriginal, withCopy, withHash } from "./manifest.ts";
import { restore } from "./restoration.ts";
import { isOursWritten, type Seen } from "./seen.ts";
import {
  type Action,
  endOfInstallation,
  hasOriginal,
  journalOf,
  keptLater,
  plannedAside,
  recordAfter,
  type Step,
  transitionAll,
} from "./step.ts";

export type Intent =
  /** `movesAside`: planned moves are finished if ours is in force. Otherwise they are forgotten. */
  | { readonly kind: "recover"; readonly movesAside: boolean }
  | { readonly kind: "restore" }
  | {
      readonly kind: "install";
      /** What our file shall hold; undefined when it is as it should be. */
      readonly content: Uint8Array | undefined;
      /** Others' files, in the runtime's order. */
      readonly toMoveAside: readonly string[];
    };

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

/** The file at our name is kept, ours is written, then what the runtime would prefer to it goes aside. */
function install(
  before: DirRecord,
  seen: Seen,
  { content, toMoveAside }: Extract<Intent, { readonly kind: "install" }>,
): Step {
  let { record } = transitionAll(before, seen, { intent: "install" });
  const plan = (actions: readonly Action[]): readonly Action[] => {
    record = journalOf({ record, actions });
    return actions;
  };
  const ours = content === undefined ? [] : plan(replaceOurs(record, seen, content));
  if (content !== undefined) record = withHash(record, sha256Hex(content));
  const moves = toMoveAside.flatMap((name) => plan(moveAside(record, seen, name)));
  // The last goes first: the one the runtime takes now stays in force until ours takes over from it, and none that stood
  // behind it (a broken one, a CNI long gone) ever comes to the front.
  return { record, actions: [...ours, ...moves.toReversed(), ...surplusOf(record)] };
}

/** What was there before HeadCNI, and what cannot be copied, lies aside from now on; of anything else a copy is enough. */
function replaceOurs(record: DirRecord, seen: Seen, content: Uint8Array): readonly Action[] {
  const write = { kind: "write-ours", name: conflistFileName, content } as const;
  const present = seen.files.get(conflistFileName)?.record;
  if (present === undefined) return [write];
  const file = withCopy(present);
  const isFirst = record.written.length === 0 && !hasOriginal(record, conflistFileName);
  if (!isFirst && isCopied(file)) return [{ ...write, keeps: [file] }];
  const entry = plannedAside(record, seen, { ...file, role: isFirst ? "original" : "later" });
  return [{ kind: "second-name", name: conflistFileName, entry }, write];
}

function moveAside(record: DirRecord, seen: Seen, name: string): readonly Action[] {
  const file = seen.files.get(name)?.record;
  if (file === undefined) return [];
  const role = hasOriginal(record, name) ? "later" : "original";
  return [{ kind: "set-aside", name, entry: plannedAside(record, seen, { ...withCopy(file), role }) }];
}

/** A CNI which rewrites its file for ever must not fill the directory: of the later ones of a name, all but the last few. */
function surplusOf({ aside }: DirRecord): readonly Action[] {
  const later = aside.filter(({ role }) => role === "later");
  const surplus = [...Map.groupBy(later, ({ name }) => name).values()].flatMap((them) => them.slice(0, -keptLater));
  return surplus.map((entry) => ({ kind: "drop", name: entry.name, entry }));
}

/**
 * Makes manifest and directory agree after a run that was cut short.
 * @param movesAside whether planned moves are finished if ours is in force; otherwise they are forgotten
 */
function recover(before: DirRecord, seen: Seen, movesAside: boolean): Step {
  const options = { intent: "recover", finishesMoves: movesAside && isOursWritten(before, seen) } as const;
  const { record, actions } = transitionAll(before, seen, options);
  // In the order of an installation: what was planned last goes first.
  const step = {
    record: { ...record, aside: [...record.aside, ...strays(before, seen)] },
    actions: actions.toReversed(),
  };
  const after = recordAfter(step);
  if (isInstallationOver(before, after, seen)) {
    const rest = transitionAll(endOfInstallation(after), seen, options);
    return { record: rest.record, actions: [...step.actions, ...rest.actions] };
  }
  return isOurOriginalBack(before, after) ? { ...step, record: { ...step.record, written: [] } } : step;
}

/** Whether what was at our name before is there again, or was never replaced: what comes to that name next is not ours. */
function isOurOriginalBack(before: DirRecord, { aside }: DirRecord): boolean {
  return before.aside.some(isOurOriginal) && !aside.some(isOurOriginal);
}

/**
 * Whether all is back that could come back: nothing is at our name and no file of this installation lies aside, or our original
 * has come back to it, which is the last thing a restore does.
 */
function isInstallationOver(before: DirRecord, after: DirRecord, seen: Seen): boolean {
  const isThere = (name: string): boolean => seen.files.has(name);
  const isOut = ({ role, aside }: AsideRecord): boolean => role === "leftover" || (role === "later" && !isThere(aside));
  if (!isThere(conflistFileName) && after.aside.every(isOut)) return true;
  const wasAside = before.aside.some((entry) => isOurOriginal(entry) && entry.state === "aside");
  const areBack = after.aside.every(({ name, role }) => role !== "original" || isThere(name));
  return wasAside && isOurOriginalBack(before, after) && areBack;
}

/**
 * Files under our kind of name that the manifest does not know. Where it knows nothing at all it was lost, and they are all
 * that is left of it: of each name that is free by now, the first is taken for the original. The others stay as they are.
 */
function strays(before: DirRecord, seen: Seen): readonly AsideRecord[] {
  const isLost = before.written.length === 0 && before.aside.length === 0;
  const known = new Set(before.aside.map(({ aside }) => aside));
  const found = seen.names.flatMap((aside) => {
    const original = originalName(aside);
    const record = seen.files.get(aside)?.record;
    return original === undefined || record === undefined || known.has(aside) ? [] : [{ ...original, aside, record }];
  });
  const adopted = new Set<string>();
  return found
    .sort((a, b) => a.count - b.count)
    .map(({ aside, name, record }): AsideRecord => {
      const isAdopted = isLost && !seen.names.includes(name);
      const role = !isAdopted ? "leftover" : adopted.has(name) ? "later" : "original";
      adopted.add(name);
      return { ...record, name, aside, role, state: "aside" };
    });
}
