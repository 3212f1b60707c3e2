// How manifest and folder disagree, and what would make them agree again. Looks only; `recover.ts` acts.

import type { OtherConfigs } from "../../config/config.ts";
import { originalName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { hashOf, isAsRecorded } from "./file-record.ts";
import { keepAsVersion } from "./kept-versions.ts";
import { type AsideRecord, endOfInstallation, type FolderRecord, isOurOriginal } from "./manifest.ts";
import type { Store } from "./store.ts";

export interface RecoveryPlan {
  /** The manifest's record as it should read. */
  readonly record: FolderRecord;
  /** Whether that differs from what it says. */
  readonly isChanged: boolean;
  /** Planned moves to finish, in the order of an installation: ours is in force, and the file is as it was when the move was planned. */
  readonly moves: readonly AsideRecord[];
  /** Second names of a file at our name that was never replaced; removing one loses nothing. */
  readonly surplusNames: readonly string[];
}

interface Settled {
  /** What is to be remembered; undefined when the file is where it was before HeadCNI came. */
  readonly entry?: AsideRecord;
  /** What only its copy is left of, and nobody waits for. */
  readonly version?: AsideRecord;
  readonly act?: "move" | "remove-name";
}

export function planRecovery(
  system: System,
  store: Store,
  { confDir, otherConfigs }: { readonly confDir: string; readonly otherConfigs: OtherConfigs },
): RecoveryPlan {
  const before = store.read();
  const canMove = otherConfigs === "moveAside" && isOursInForce(system, before, confDir);
  const settled = before.aside.map((entry) => settle(system, entry, { confDir, canMove }));
  const entries = settled.flatMap(({ entry }) => entry ?? []);
  const aside = [...entries, ...strays(system, store, { confDir, before })];
  const chosen = (act: Settled["act"]): readonly AsideRecord[] =>
    before.aside.filter((_, at) => settled[at]?.act === act);
  const isOut = isOursOut(system, { confDir, before, aside });
  const copies = settled.flatMap(({ version }) => version ?? []);
  const record = copies.reduce(keepAsVersion, { ...before, aside, written: isOut ? [] : before.written });
  const isSameList = aside.length === before.aside.length && aside.every((entry, at) => entry === before.aside[at]);
  return {
    record: isRestoreOver(system, { confDir, before, aside }) ? endOfInstallation(record) : record,
    isChanged: !isSameList || record.written.length !== before.written.length,
    moves: chosen("move").toReversed(),
    surplusNames: chosen("remove-name").map((entry) => entry.aside),
  };
}

function settle(
  system: System,
  entry: AsideRecord,
  { confDir, canMove }: { readonly confDir: string; readonly canMove: boolean },
): Settled {
  const path = join(confDir, entry.name);
  const asideInfo = system.files.lstat(join(confDir, entry.aside));
  if (asideInfo !== undefined) {
    const isSecondName = entry.name === conflistFileName && system.files.lstat(path)?.inode === asideInfo.inode;
    if (isSecondName && entry.role !== "leftover") return { act: "remove-name" };
    return { entry: entry.state === "planned" ? { ...entry, state: "aside" } : entry };
  }
  const isInPlace = isAsRecorded(system, path, entry);
  if (entry.role === "leftover" || entry.state === "left") return isInPlace ? {} : { version: entry };
  // The aside file is gone and nothing is in its old place: the copy is what can still bring it back.
  if (entry.state === "aside") return isInPlace ? {} : { entry };
  const canFinish = isInPlace && canMove && entry.name !== conflistFileName;
  return canFinish ? { entry: { ...entry, state: "aside" }, act: "move" } : {};
}

/** Whether the file at our name is one that HeadCNI wrote. */
function isOursInForce(system: System, { written }: FolderRecord, confDir: string): boolean {
  const sha256 = hashOf(system, join(confDir, conflistFileName));
  return sha256 !== undefined && written.includes(sha256);
}

interface Change {
  readonly confDir: string;
  readonly before: FolderRecord;
  /** What lies aside by now. */
  readonly aside: readonly AsideRecord[];
}

/**
 * Whether no file of HeadCNI's can be at our name: what was there before is there again (or was never replaced), or
 * nothing is. Whatever comes to that name next is somebody else's until it is ours again.
 */
function isOursOut(system: System, { confDir, before, aside }: Change): boolean {
  if (before.aside.some(isOurOriginal) && !aside.some(isOurOriginal)) return true;
  const isAllBack = aside.every(({ role }) => role === "leftover");
  return isAllBack && system.files.lstat(join(confDir, conflistFileName)) === undefined;
}

/**
 * Whether a restore was cut short right after what was at our name before came back to it, which is the last thing it does:
 * all that could come back before that has.
 */
function isRestoreOver(system: System, { confDir, before, aside }: Change): boolean {
  const wasAside = before.aside.some((entry) => isOurOriginal(entry) && entry.state === "aside");
  if (!wasAside || aside.some(isOurOriginal)) return false;
  return aside.every(({ name, role }) => role !== "original" || system.files.lstat(join(confDir, name)) !== undefined);
}

/**
 * Files under our kind of name that the manifest does not know. Where it knows nothing at all it was lost, and they are all
 * that is left of it: of each name that nothing has by now, the first is taken for the original. The others stay as they are.
 */
function strays(
  system: System,
  store: Store,
  { confDir, before }: { readonly confDir: string; readonly before: FolderRecord },
): readonly AsideRecord[] {
  const isLost = before.written.length === 0 && before.aside.length === 0;
  const found = (system.files.list(confDir) ?? []).flatMap((aside) => {
    const original = originalName(aside);
    return original === undefined || before.aside.some((entry) => entry.aside === aside)
      ? []
      : [{ aside, ...original }];
  });
  const seen = new Set<string>();
  return found
    .sort((a, b) => a.count - b.count)
    .flatMap(({ aside, name }): readonly AsideRecord[] => {
      const record = store.describe(aside);
      if (record === undefined) return [];
      const isAdopted = isLost && system.files.lstat(join(confDir, name)) === undefined;
      const role = !isAdopted ? "leftover" : seen.has(name) ? "later" : "original";
      seen.add(name);
      return [{ ...record, name, aside, role, state: "aside" }];
    });
}
