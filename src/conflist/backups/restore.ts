// Takes HeadCNI out of a configuration folder: what lay there before comes back under its own name, our file goes. In that
// order, so that the node has a configuration throughout; and so that a second run finishes what the first one began.

import { conflistFileName, stateDir as defaultStateDir } from "../../node-state/names.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { attempt } from "../install/failure.ts";
import { lockConflist } from "../install/lock.ts";
import { hashOf, isAsRecorded } from "./file-record.ts";
import { addVersion, keepAsVersion, withoutAside } from "./kept-versions.ts";
import { type AsideRecord, endOfInstallation } from "./manifest.ts";
import { canRecreate, recreateAside } from "./rebuild.ts";
import { recoverConflist, recoverLocked } from "./recover.ts";
import { planRecovery } from "./recovery-plan.ts";
import { decideRestore, type RestoreAction, type RestoreScene } from "./restore-plan.ts";
import { openStore, type Store } from "./store.ts";

export interface RestoreOptions {
  readonly confDir: string;
  /** @default /var/lib/headcni */
  readonly stateDir?: string | undefined;
}

export interface RestoreReport {
  readonly confDir: string;
  /** In the order they happen; empty when there is nothing to restore. */
  readonly actions: readonly RestoreAction[];
  /** Whether the folder is as it was before HeadCNI: nothing had to be left where it was. */
  readonly isComplete: boolean;
}

/** What `restoreConflist` would do. Changes nothing. */
export function planRestore(system: System, { confDir, stateDir }: RestoreOptions): RestoreReport {
  const store = openStore(system, stateDir ?? defaultStateDir, confDir);
  const { record } = planRecovery(system, store, { confDir, otherConfigs: "keep" });
  return reportOf(confDir, decideRestore(system, store, { confDir, record }).actions);
}

function reportOf(confDir: string, actions: readonly RestoreAction[]): RestoreReport {
  return { confDir, actions, isComplete: actions.every(({ kind }) => kind !== "leave" && kind !== "set-aside") };
}

/**
 * Puts the folder back as it was before HeadCNI: same bytes, mode, owner, modification time. Nothing is lost on the way:
 * what cannot go to its place stays where it is, and the report says so.
 * @throws HeadcniError HC_CONFLIST_RESTORE, HC_CONFLIST_BACKUP, HC_CONFLIST_BUSY. Running it again goes on from there.
 */
export async function restoreConflist(system: System, options: RestoreOptions): Promise<RestoreReport> {
  const { confDir } = options;
  const stateDir = options.stateDir ?? defaultStateDir;
  await recoverConflist(system, { confDir, stateDir, otherConfigs: "keep" });
  // Where HeadCNI never was, no lock is made only to find that out.
  const planned = planRestore(system, options);
  if (planned.actions.length === 0) return planned;
  using _lock = await lockConflist(system, stateDir);
  const store = openStore(system, stateDir, confDir);
  recoverLocked(system, store, { confDir, otherConfigs: "keep" });
  const { actions, staysInForce } = decideRestore(system, store, { confDir, record: store.read() });
  for (const action of actions) {
    attempt("HC_CONFLIST_RESTORE", `Cannot restore ${join(confDir, action.name)}`, () =>
      perform(system, store, { confDir, action }),
    );
  }
  if (!staysInForce) {
    attempt("HC_CONFLIST_BACKUP", `Cannot bring the backups in ${store.folder} up to date`, () =>
      store.write(endOfInstallation(store.read())),
    );
  }
  return reportOf(confDir, actions);
}

/** Does one action; the manifest is right before and after it, and says enough in between. */
function perform(
  system: System,
  store: Store,
  { confDir, action }: { readonly confDir: string; readonly action: RestoreAction },
): void {
  const record = store.read();
  switch (action.kind) {
    case "leave":
    case "keep-ours":
      return;
    case "put-back":
      putBack(system, store, { confDir, record, entry: action.entry });
      return;
    case "set-aside":
      setAside(system, store, { confDir, record, entry: action.entry });
      return;
    case "keep-copy":
      store.write(keepAsVersion(record, action.entry));
      system.files.remove(join(confDir, action.entry.aside));
      return;
    case "remove-ours":
      keepEdited(system, store, { confDir, record });
      system.files.remove(join(confDir, conflistFileName));
      store.write(endOfInstallation(store.read()));
  }
}

interface EntryScene extends RestoreScene {
  readonly entry: AsideRecord;
}

function setAside({ files }: System, store: Store, { confDir, record, entry }: EntryScene): void {
  store.write({ ...record, aside: [...record.aside, entry] });
  files.rename(join(confDir, entry.name), join(confDir, entry.aside));
  store.write({ ...record, aside: [...record.aside, { ...entry, state: "aside" }] });
}

function putBack(system: System, store: Store, { confDir, record, entry }: EntryScene): void {
  const { files } = system;
  const path = join(confDir, entry.name);
  const asidePath = join(confDir, entry.aside);
  const isOurName = entry.name === conflistFileName;
  if (isOurName) keepEdited(system, store, { confDir, record });
  files.makeFolder(confDir);
  if (files.lstat(asidePath) === undefined) recreateAside(system, store, { confDir, entry });
  const isChanged = !isAsRecorded(system, asidePath, entry) && canRecreate(store, entry);
  files.rename(asidePath, path);
  // Of two hard links to one file, rename(2) leaves both.
  files.remove(asidePath);
  const before = store.read();
  const after = isChanged ? keepAsVersion(before, entry) : withoutAside(before, entry);
  // What has not come back by now cannot.
  store.write(isOurName ? endOfInstallation(after) : after);
}

/** Takes a copy of the file at our name unless HeadCNI itself wrote it, and notes it before the file goes. */
function keepEdited(system: System, store: Store, { confDir, record }: RestoreScene): void {
  const hash = hashOf(system, join(confDir, conflistFileName));
  if (hash !== undefined && record.written.includes(hash)) return;
  const present = store.keep(conflistFileName);
  if (present !== undefined) store.write(addVersion(record, present));
}
