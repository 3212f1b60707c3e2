// What takes HeadCNI out of a directory: others' files come back before ours goes, the one the runtime took before HeadCNI first:
// from then on it is in force. Pure.

import { conflistFileName } from "../../node-state/names.ts";
import { runtimeOrder } from "../../spec/runtime-order.ts";
import { compareNames } from "../../sys/fs/file-name.ts";
import { type AsideRecord, type DirRecord, isCopied, isOurOriginal, withCopy } from "./manifest.ts";
import { isOursWritten, type Seen } from "./seen.ts";
import { type Action, plannedAside, type Step, transitionAll } from "./step.ts";

const name = conflistFileName;

/** @param before a record that a recovery has brought up to date */
export function restore(before: DirRecord, seen: Seen): Step {
  const walk = (aside: readonly AsideRecord[]) =>
    transitionAll({ ...before, aside }, seen, { intent: "restore" }).actions;
  const others = walk(before.aside.filter((entry) => !isOurOriginal(entry)).sort(byTurn));
  const ours = oursActions(before, seen, { others, original: walk(before.aside.filter(isOurOriginal)) });
  const isKept = ours.some(({ kind }) => kind === "leave") && before.written.length > 0 && seen.files.has(name);
  return { record: before, actions: [...others, ...ours], endsInstallation: !isKept };
}

/** What came to a name later first, then the originals as the runtime sorts them. */
function byTurn(a: AsideRecord, b: AsideRecord): number {
  const turn = ({ role }: AsideRecord): number => ["later", "original", "leftover"].indexOf(role);
  return turn(a) - turn(b) || (a.role === "original" ? compareNames(a.name, b.name) : 0);
}

/** What happens to our own name. @param original what the table says of the file that had it before */
function oursActions(
  before: DirRecord,
  seen: Seen,
  { others, original }: { readonly others: readonly Action[]; readonly original: readonly Action[] },
): readonly Action[] {
  const present = seen.files.get(name);
  const current = before.aside.filter(({ role }) => role !== "leftover");
  const leave = (why: string): readonly Action[] => [{ kind: "leave", name, why }];
  if (present?.kind === "directory" && before.written.length + current.length > 0)
    return leave("stays: it is a folder, which HeadCNI did not make");
  if (original.some(({ kind }) => kind === "leave")) return original;
  const intruder = intruderActions(before, seen);
  const edited = present?.record === undefined || isOursWritten(before, seen) ? [] : [withCopy(present.record)];
  if (original.length > 0) {
    return [...intruder, ...original.map((action) => ({ ...action, keeps: [...(action.keeps ?? []), ...edited] }))];
  }
  if (present === undefined) return [];
  if (before.written.length === 0) {
    // Nothing was ever moved or written: there is nothing to restore, and nothing to say.
    if (current.every(({ state }) => state === "left")) return [];
    return [{ kind: "keep-ours", name, why: "stays: nothing on record says that HeadCNI wrote it" }];
  }
  if (isBareWithout(seen, others)) return leave("stays: without it the node would have no CNI configuration");
  if (intruder.length > 0) return intruder;
  const why = edited.length === 0 ? undefined : `was edited; a copy is kept in ${seen.backupsDir}`;
  return [{ kind: "remove-ours", name, why, keeps: edited }];
}

/** What stands at our name without being HeadCNI's, and is no file that can be copied: a device, a file too large. */
function intruderActions(before: DirRecord, seen: Seen): readonly Action[] {
  const present = seen.files.get(name)?.record;
  if (before.written.length === 0 || present === undefined || isCopied(withCopy(present))) return [];
  const entry = plannedAside(before, seen, { ...present, role: "later" });
  return [{ kind: "set-aside", name, entry, why: `is not HeadCNI's and cannot be copied: it stays as ${entry.aside}` }];
}

/** Whether a node would have nothing without ours, though it had something before. */
function isBareWithout(seen: Seen, others: readonly Action[]): boolean {
  const isOriginals = (kind: Action["kind"]): boolean =>
    others.some((action) => action.kind === kind && action.entry?.role === "original");
  const remaining = runtimeOrder(seen.names).filter((other) => other !== name);
  return remaining.length === 0 && isOriginals("leave") && !isOriginals("put-back");
}
