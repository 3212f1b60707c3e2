// How manifest and folder disagree, and what would make them agree again. Looks only; `recover.ts` acts.

import type { OtherConfigs } from "../config/config.ts";
import { join } from "../sys/path.ts";
import type { System } from "../sys/system.ts";
import { originalName } from "./aside-name.ts";
import { hashOf, isAsRecorded } from "./file-facts.ts";
import type { AsideRecord, FolderRecord } from "./manifest.ts";
import { conflistFileName } from "./names.ts";
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
  const aside = [...entries, ...strays(system, store, { confDir, known: before.aside })];
  const chosen = (act: Settled["act"]): readonly AsideRecord[] =>
    before.aside.filter((_, at) => settled[at]?.act === act);
  const written = isOursOut(system, { confDir, before, aside }) ? [] : before.written;
  const isSameList = aside.length === before.aside.length && aside.every((entry, at) => entry === before.aside[at]);
  return {
    record: { ...before, aside, written },
    isChanged: !isSameList || written.length !== before.written.length,
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
    if (isSecondName) return { act: "remove-name" };
    return { entry: entry.state === "aside" ? entry : { ...entry, state: "aside" } };
  }
  const isInPlace = isAsRecorded(system, path, entry);
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

/**
 * Whether no file of HeadCNI's can be at our name: what was there before is there again (or was never replaced), or
 * nothing is. Whatever comes to that name next is somebody else's until it is ours again.
 */
function isOursOut(
  system: System,
  { confDir, before, aside }: { confDir: string; before: FolderRecord; aside: readonly AsideRecord[] },
): boolean {
  const isOriginal = ({ name }: AsideRecord): boolean => name === conflistFileName;
  if (before.aside.some(isOriginal) && !aside.some(isOriginal)) return true;
  return aside.length === 0 && system.files.lstat(join(confDir, conflistFileName)) === undefined;
}

/** Files under our kind of name that the manifest does not know: it was lost, and they are all that is left. */
function strays(
  system: System,
  store: Store,
  { confDir, known }: { readonly confDir: string; readonly known: readonly AsideRecord[] },
): readonly AsideRecord[] {
  const found = (system.files.list(confDir) ?? []).flatMap((aside) => {
    const original = originalName(aside);
    return original === undefined || known.some((entry) => entry.aside === aside) ? [] : [{ aside, ...original }];
  });
  return found
    .sort((a, b) => a.count - b.count)
    .flatMap(({ aside, name }) => {
      const record = store.describe(aside);
      return record === undefined ? [] : [{ ...record, name, aside, state: "aside" as const }];
    });
}
