// What putting a folder back would do, file by file, and what cannot be done without losing something. Looks only;
// `restore.ts` acts.

import { conflistFileName } from "../../node-state/names.ts";
import { compareNames, runtimeOrder } from "../../spec/runtime-order.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { freeAsideName } from "../install/install-plan.ts";
import { hasContentOf, hashOf, isAsRecorded } from "./file-record.ts";
import { type AsideRecord, type FolderRecord, isOurOriginal } from "./manifest.ts";
import { canRecreate } from "./rebuild.ts";
import type { Store } from "./store.ts";

/**
 * What happens to one name. `why` continues a sentence that begins with the name.
 * - `put-back`: the file returns to its name
 * - `keep-copy`: it stays as a copy among the backups only
 * - `leave`: it cannot return; the folder is not as it was
 * - `set-aside`: what came to our name and cannot be copied goes to a name no runtime reads; the folder is not as it was
 * - `remove-ours`, `keep-ours`: HeadCNI's own file goes, or was never HeadCNI's
 */
export type RestoreAction = { readonly name: string; readonly why: string | undefined } & (
  | { readonly kind: "put-back" | "keep-copy" | "set-aside"; readonly entry: AsideRecord }
  | { readonly kind: "leave" | "remove-ours" | "keep-ours" }
);

export interface RestoreDecision {
  /** In the order they are to be done. */
  readonly actions: readonly RestoreAction[];
  /** Whether HeadCNI's own file has to stay, so that this is no end. */
  readonly staysInForce: boolean;
}

export interface RestoreScene {
  readonly confDir: string;
  readonly record: FolderRecord;
}

/**
 * Everything a restore does. Others' files come back before ours goes, the one the runtime took before HeadCNI first: from
 * then on it is in force.
 */
export function decideRestore(system: System, store: Store, { confDir, record }: RestoreScene): RestoreDecision {
  const current = record.aside.filter(({ role }) => role !== "leftover");
  const later = current.filter(({ role }) => role === "later").map((entry) => decideLater(store, entry));
  const others = current
    .filter((entry) => entry.role === "original" && !isOurOriginal(entry))
    .map((entry) => decideOriginal(system, store, { confDir, entry }))
    .sort((a, b) => compareNames(a.name, b.name));
  const ours = decideOurs(system, store, { confDir, record, current, others });
  const isThere = record.written.length > 0 && system.files.lstat(join(confDir, conflistFileName)) !== undefined;
  return {
    actions: [...later, ...others, ...ours],
    staysInForce: isThere && ours.some(({ kind }) => kind === "leave"),
  };
}

/** The original of a name goes back to it, unless something newer is there. */
function decideOriginal(
  system: System,
  store: Store,
  { confDir, entry }: { readonly confDir: string; readonly entry: AsideRecord },
): RestoreAction {
  const { name, aside } = entry;
  const path = join(confDir, name);
  const isAsideThere = system.files.lstat(join(confDir, aside)) !== undefined;
  const hasCopy = canRecreate(store, entry);
  if (system.files.lstat(path) !== undefined && !hasContentOf(system, path, entry)) {
    const why = "was written anew since and stays as it is; its original";
    if (isAsideThere) return { kind: "leave", name, why: `${why} stays as ${aside}` };
    if (hasCopy) return { kind: "keep-copy", name, entry, why: `${why} is kept as ${copyPath(store, entry)}` };
    return { kind: "leave", name, why: `${why} is gone` };
  }
  if (isAsideThere) return { kind: "put-back", name, entry, why: changeOf(system, store, { confDir, entry }) };
  return hasCopy
    ? { kind: "put-back", name, entry, why: `comes from its copy, because ${aside} is gone` }
    : { kind: "leave", name, why: `cannot come back: ${aside} is gone, and there is no copy` };
}

function changeOf(
  system: System,
  store: Store,
  { confDir, entry }: { readonly confDir: string; readonly entry: AsideRecord },
): string | undefined {
  if (isAsRecorded(system, join(confDir, entry.aside), entry)) return undefined;
  const original = canRecreate(store, entry) ? `; the original is kept as ${copyPath(store, entry)}` : "";
  return `was changed while it lay aside and comes back as it is now${original}`;
}

/** A file that came back while ours was in force was never part of the folder that is being restored. */
function decideLater(store: Store, entry: AsideRecord): RestoreAction {
  const { name } = entry;
  const why = "came back while HeadCNI was in force";
  return canRecreate(store, entry)
    ? { kind: "keep-copy", name, entry, why: `${why}; that one is kept as ${copyPath(store, entry)}` }
    : { kind: "leave", name, why: `${why}; that one stays as ${entry.aside}` };
}

/** Where the copy lies; of a link, which has no content, the manifest that says where it points. */
function copyPath(store: Store, entry: AsideRecord): string {
  return join(store.folder, entry.copy ?? "manifest.json");
}

interface OursScene extends RestoreScene {
  /** What lies aside since this installation. */
  readonly current: readonly AsideRecord[];
  /** What becomes of others' originals. */
  readonly others: readonly RestoreAction[];
}

function decideOurs(system: System, store: Store, scene: OursScene): readonly RestoreAction[] {
  const { confDir, record, current, others } = scene;
  const name = conflistFileName;
  const path = join(confDir, name);
  const kind = system.files.lstat(path)?.kind;
  if (kind === "folder" && current.length + record.written.length > 0) {
    return [{ kind: "leave", name, why: "stays: it is a folder, which HeadCNI did not make" }];
  }
  const original = current.find(isOurOriginal);
  const intruder = decideIntruder(system, store, scene);
  if (original !== undefined) {
    const isAsideThere = system.files.lstat(join(confDir, original.aside)) !== undefined;
    if (isAsideThere || canRecreate(store, original)) {
      return [...intruder, { kind: "put-back", name, entry: original, why: "was there before HeadCNI" }];
    }
    const why = kind === undefined ? "cannot come back" : "stays";
    return [{ kind: "leave", name, why: `${why}: ${original.aside}, which was there before, is gone` }];
  }
  if (kind === undefined) return [];
  if (record.written.length === 0) {
    // Nothing was ever moved or written: there is nothing to restore, and nothing to say.
    if (current.every(({ state }) => state === "left")) return [];
    return [{ kind: "keep-ours", name, why: "stays: nothing on record says that HeadCNI wrote it" }];
  }
  const remaining = runtimeOrder(system.files.list(confDir) ?? []).filter((other) => other !== name);
  const isBare = remaining.length === 0 && !others.some((other) => other.kind === "put-back");
  if (isBare && others.some((other) => other.kind === "leave")) {
    return [{ kind: "leave", name, why: "stays: without it the node would have no CNI configuration" }];
  }
  if (intruder.length > 0) return intruder;
  const isEdited = !record.written.includes(hashOf(system, path) ?? "");
  return [{ kind: "remove-ours", name, why: isEdited ? `was edited; a copy is kept in ${store.folder}` : undefined }];
}

/** What stands at our name without being HeadCNI's, and is no file that can be copied: a device, a file too large. */
function decideIntruder(system: System, store: Store, { confDir, record }: RestoreScene): readonly RestoreAction[] {
  const name = conflistFileName;
  const present = store.describe(name);
  if (record.written.length === 0 || present === undefined) return [];
  if (present.sha256 !== undefined || present.target !== undefined) return [];
  const aside = freeAsideName(system, { confDir, record, name });
  const entry: AsideRecord = { ...present, aside, role: "later", state: "planned" };
  return [{ kind: "set-aside", name, entry, why: `is not HeadCNI's and cannot be copied: it stays as ${aside}` }];
}
