// How manifest and directory disagree after a run that was cut short, and what makes them agree again. Pure.

import { originalName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { type AsideRecord, type DirRecord, isOurOriginal } from "./manifest.ts";
import { isOursWritten, type Seen } from "./seen.ts";
import { endOfInstallation, recordAfter, type Step, transitionAll } from "./step.ts";

/** @param movesAside whether planned moves are finished if ours is in force; otherwise they are forgotten */
export function recover(before: DirRecord, seen: Seen, movesAside: boolean): Step {
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
