// What comes next in a directory: the one answer to what is remembered, what is seen and what is wanted. Applied to what it led
// to, it plans nothing more. Pure.

import { originalName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { runtimeOrder } from "../../spec/runtime-order.ts";
import { compareNames } from "../../sys/fs/file-name.ts";
import { sha256Hex } from "../../sys/fs/sha256.ts";
import {
  type AsideRecord,
  addVersion,
  type DirRecord,
  endOfInstallation,
  isCopied,
  isOurOriginal,
  isSameRecord,
  withHash,
} from "./manifest.ts";
import { isOursWritten, type Seen } from "./seen.ts";
import {
  type Action,
  isFirst,
  keptLater,
  recordAfter,
  type SetAsideOptions,
  type Step,
  transitionAll,
  withSetAside,
} from "./step.ts";

export interface InstallIntent {
  readonly kind: "install";
  /** What our file shall hold; undefined when it is as it should be. */
  readonly content: Uint8Array | undefined;
  /** Others' files, in the runtime's order. */
  readonly toMoveAside: readonly string[];
}

/** `movesAside`: planned moves are finished if ours is in force. Otherwise they are forgotten. */
export type Intent =
  | InstallIntent
  | { readonly kind: "restore" }
  | { readonly kind: "recover"; readonly movesAside: boolean };

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
function install(before: DirRecord, seen: Seen, { content, toMoveAside }: InstallIntent): Step {
  const start = transitionAll(before, seen, { intent: "install" });
  const ours = content === undefined ? start : replaceOurs(start, seen, content);
  let moved: Step = { ...ours, actions: [] };
  for (const name of toMoveAside) {
    const file = seen.files.get(name)?.record;
    if (file !== undefined) moved = withSetAside(moved, seen, { file, kind: "set-aside" });
  }
  // The last goes first: the one the runtime takes now stays in force until ours takes over from it, and none that stood
  // behind it (a broken one, a CNI long gone) ever comes to the front.
  const actions = [...ours.actions, ...moved.actions.toReversed(), ...surplusOf(moved.record)];
  return { record: moved.record, actions };
}

function replaceOurs(step: Step, seen: Seen, content: Uint8Array): Step {
  const { record, actions } = withOurNameKept(step, seen, { kind: "second-name" });
  const write = { kind: "write-ours", name: conflistFileName, content } as const;
  return { record: withHash(record, sha256Hex(content)), actions: [...actions, write] };
}

/** What was at our name before HeadCNI, and what cannot be copied, lies aside from now on; of anything else a copy is enough. */
function withOurNameKept(step: Step, seen: Seen, options: Omit<SetAsideOptions, "file">): Step {
  const { record, actions } = step;
  const file = seen.files.get(conflistFileName)?.record;
  if (file === undefined) return step;
  if (isFirst(record, file.name) || !isCopied(file)) return withSetAside(step, seen, { ...options, file });
  return { record: addVersion(record, file), actions };
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
  const finishesMoves = movesAside && isOursWritten(before, seen);
  const step = transitionAll(withStrays(before, seen), seen, { intent: "recover", finishesMoves });
  const { aside } = recordAfter(step);
  const isThere = (name: string): boolean => seen.files.has(name);
  const ours = before.aside.find(isOurOriginal);
  // What was at our name before is there again, or was never replaced: what comes to that name next is not ours.
  const isBack = ours !== undefined && !aside.some(isOurOriginal);
  // It comes back last: all is back that could come back.
  const isLast = ours?.state === "aside" && aside.every(({ name, role }) => role !== "original" || isThere(name));
  const isOut = ({ role, aside }: AsideRecord): boolean => role === "leftover" || (role === "later" && !isThere(aside));
  const isEmpty = !isThere(conflistFileName) && step.actions.length === 0 && aside.every(isOut);
  const isOver = isBack ? isLast : isEmpty;
  const record = isOver ? endOfInstallation(step.record) : isBack ? { ...step.record, written: [] } : step.record;
  if (step.actions.length === 0 && !isSameRecord(record, before)) return recover(record, seen, movesAside);
  // In the order of an installation: what was planned last goes first.
  return { record, actions: step.actions.toReversed() };
}

/**
 * Files under our kind of name that the manifest does not know. Where it knows nothing at all it was lost, and they are all
 * that is left of it: of each name that is free by now, the first is taken for the original. The others stay as they are.
 */
function withStrays(before: DirRecord, seen: Seen): DirRecord {
  const isLost = before.written.length === 0 && before.aside.length === 0;
  const known = new Set(before.aside.map(({ aside }) => aside));
  const found = seen.names.flatMap((aside) => {
    const original = originalName(aside);
    const file = seen.files.get(aside)?.record;
    return original === undefined || file === undefined || known.has(aside) ? [] : [{ ...original, aside, file }];
  });
  let record = before;
  for (const { aside, name, file } of found.sort((a, b) => a.count - b.count)) {
    const isAdopted = isLost && !seen.names.includes(name);
    const role = !isAdopted ? "leftover" : isFirst(record, name) ? "original" : "later";
    const entry: AsideRecord = { ...file, name, copy: undefined, aside, role, state: "aside" };
    record = { ...record, aside: [...record.aside, entry] };
  }
  return record;
}

/**
 * Takes HeadCNI out: what came to a name later first, then the originals as the runtime sorts them, the one it took before HeadCNI
 * first: from then on that is in force. Ours goes last.
 */
function restore(before: DirRecord, seen: Seen): Step {
  const turn = ({ name, entry }: Action): number => (entry?.role === "later" ? 0 : name === conflistFileName ? 2 : 1);
  const { record, actions } = transitionAll(before, seen, { intent: "restore" });
  const sorted = actions.toSorted((a, b) => turn(a) - turn(b) || compareNames(a.name, b.name));
  const original = sorted.find((action) => turn(action) === 2);
  const others = { record, actions: sorted.filter((action) => action !== original) };
  const isGone = original?.kind === "leave";
  const stays = whyOursStays(before, seen, sorted);
  if (stays === undefined) {
    const step = isGone ? { record, actions: [...others.actions, original] } : others;
    return { ...replaceByOriginal(step, seen, isGone ? undefined : original), endsInstallation: true };
  }
  const why = isGone ? `${stays}; what was there before ${original.why}` : stays;
  const endsInstallation = before.written.length === 0 || !seen.names.includes(conflistFileName);
  return { record, actions: [...others.actions, { kind: "leave", name: conflistFileName, why }], endsInstallation };
}

/** @param actions what the table says of every entry */
function whyOursStays(before: DirRecord, seen: Seen, actions: readonly Action[]): string | undefined {
  const { written, aside } = before;
  const isOnRecord = written.length > 0 || aside.some(({ role }) => role !== "leftover");
  const present = seen.files.get(conflistFileName);
  if (present !== undefined && present.record === undefined && isOnRecord)
    return "stays: it is a folder, which HeadCNI did not make";
  const originals = actions.filter(({ entry }) => entry?.role === "original").map(({ kind }) => kind);
  const isBare = runtimeOrder(seen.names).every((name) => name === conflistFileName) && !originals.includes("put-back");
  // The node had something before.
  return present !== undefined && written.length > 0 && isBare && originals.includes("leave")
    ? "stays: without it the node would have no CNI configuration"
    : undefined;
}

/** What happens to our own name. @param original returns the file that had it before */
function replaceByOriginal(step: Step, seen: Seen, original: Action | undefined): Step {
  const { record, actions } = step;
  const name = conflistFileName;
  const isThere = seen.files.has(name);
  if (original === undefined && record.written.length === 0) {
    // Nothing was ever moved or written: there is nothing to restore, and nothing to say.
    if (!isThere || actions.every(({ entry }) => entry?.state === "left")) return step;
    const why = "stays: nothing on record says that HeadCNI wrote it";
    return { record, actions: [...actions, { kind: "keep-ours", name, why }] };
  }
  const isOurs = !isThere || isOursWritten(record, seen);
  const why = "is not HeadCNI's and cannot be copied: it stays as {aside}";
  const cleared = isOurs ? step : withOurNameKept(step, seen, { kind: "set-aside", why });
  const then = (action: Action): Step => ({ ...cleared, actions: [...cleared.actions, action] });
  if (original !== undefined) return then({ ...original, why: original.why ?? "was there before HeadCNI" });
  if (!isThere || cleared.actions !== actions) return cleared;
  const edited = isOurs ? undefined : `was edited; a copy is kept in ${seen.backupsDir}`;
  return then({ kind: "remove-ours", name, why: edited });
}
