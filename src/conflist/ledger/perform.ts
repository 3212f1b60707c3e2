// Does what was planned: the manifest says what is about to happen, it happens, the manifest says what has happened. Each action
// is one rename, link or removal, and safe to do again.

import { conflistFileName } from "../../node-state/names.ts";
import { expected } from "../../sys/errors.ts";
import type { AtomicWriteStep } from "../../sys/fs/atomic-file.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { attempt, type FailureName } from "./failure.ts";
import type { AsideRecord } from "./manifest.ts";
import { type Intent, next } from "./next.ts";
import { look, type Seen } from "./seen.ts";
import { type Action, journalOf, recordAfter, type Step } from "./step.ts";
import type { Store } from "./store.ts";

/** Permission bits of our file: it may name what only root need know. */
export const conflistMode = 0o600;

export interface PerformOptions {
  readonly intent: Intent;
  /** Asked once the manifest says what is about to happen: what it throws ends the work, and the manifest reads as before. */
  readonly confirm?: () => Promise<void>;
  /** After each action that found what it was for. */
  readonly onDone?: (action: Action) => void;
  /** After each part of the writing of our file. */
  readonly onWrite?: ((part: AtomicWriteStep) => void) | undefined;
}

/** What would be done now, and what that rests on. @throws HeadcniError HC_CONFLIST_BACKUP, HC_FILE_READ */
export function plan(system: System, store: Store, intent: Intent) {
  const before = store.read();
  const seen = look(system, store, before, intent.kind === "install" ? intent.toMoveAside : []);
  return { before, seen, step: next(before, seen, intent) };
}

/**
 * Plans, journals, acts, commits.
 * @throws HeadcniError HC_CONFLIST_BACKUP, HC_CONFLIST_WRITE, HC_CONFLIST_RESTORE. Recovering goes on from there.
 */
export async function perform(system: System, store: Store, options: PerformOptions): Promise<Step> {
  const { before, seen, step } = attempt(backupFailure(store), () => plan(system, store, options.intent));
  journal(store, step, seen);
  try {
    await options.confirm?.();
  } catch (error) {
    store.write(before);
    throw error;
  }
  const done = step.actions.filter((action) => {
    const wasFound = attempt(failureOf(store, options.intent, action), () =>
      act(system, store, { ...options, action }),
    );
    if (wasFound) options.onDone?.(action);
    return wasFound;
  });
  attempt(commitFailure(store), () => store.write(recordAfter(step, done)));
  return step;
}

/** Writes what is about to happen, after the contents it refers to. @throws HeadcniError HC_CONFLIST_BACKUP */
export function journal(store: Store, step: Step, seen: Seen): void {
  const record = journalOf(step);
  attempt(backupFailure(store), () => {
    for (const file of [...record.aside, ...record.versions]) {
      const present = seen.files.get(file.name);
      if (present?.content !== undefined && present.record?.sha256 === file.sha256) store.keep(file, present.content);
    }
    store.write(record);
  });
}

export function backupFailure({ confDir }: Store): FailureName {
  return ["HC_CONFLIST_BACKUP", `Cannot back up the configurations of ${confDir}`];
}

export function commitFailure({ dir }: Store): FailureName {
  return ["HC_CONFLIST_BACKUP", `Cannot bring the backups in ${dir} up to date`];
}

export function recoveryFailure({ confDir }: Store): FailureName {
  return ["HC_CONFLIST_WRITE", `Cannot finish what an interrupted run began in ${confDir}`];
}

function failureOf(store: Store, intent: Intent, { kind, name }: Action): FailureName {
  const path = join(store.confDir, name);
  if (intent.kind === "recover") return recoveryFailure(store);
  if (intent.kind === "restore") return ["HC_CONFLIST_RESTORE", `Cannot restore ${path}`];
  if (kind === "drop") return commitFailure(store);
  const isAside = kind === "set-aside";
  const what = isAside
    ? `Cannot move ${path} aside, which the runtime prefers to ours`
    : `Cannot write the conflist ${path}`;
  return ["HC_CONFLIST_WRITE", what];
}

/** @returns false when the owner of the file has removed it since */
function act(
  system: System,
  store: Store,
  { action, onWrite }: Pick<PerformOptions, "onWrite"> & { readonly action: Action },
): boolean {
  const { files } = system;
  const { confDir } = store;
  const path = join(confDir, action.name);
  switch (action.kind) {
    case "leave":
    case "keep-ours":
      return true;
    case "drop":
    case "keep-copy":
      files.remove(join(confDir, action.entry.aside));
      return true;
    case "put-back":
      putBack(system, store, action.entry);
      return true;
    case "set-aside":
      if (files.lstat(path) === undefined) return false;
      files.rename(path, join(confDir, action.entry.aside));
      return true;
    case "second-name":
      giveSecondName(system, store, action.entry);
      return true;
    case "write-ours":
      writeOurs(system, store, { content: action.content, onWrite });
      return true;
    case "remove-ours":
      files.remove(path);
      return true;
  }
}

/** Writes our file. @throws HeadcniError HC_FILE_WRITE */
export function writeOurs(
  { files }: System,
  { confDir }: Store,
  { content, onWrite }: Pick<PerformOptions, "onWrite"> & { readonly content: Uint8Array },
): void {
  files.makeDir(confDir);
  files.writeAtomic(join(confDir, conflistFileName), content, {
    mode: conflistMode,
    owner: files.owner,
    onStep: onWrite,
  });
}

function putBack(system: System, store: Store, entry: AsideRecord): void {
  const { files } = system;
  const asidePath = join(store.confDir, entry.aside);
  files.makeDir(store.confDir);
  if (files.lstat(asidePath) === undefined) recreateAside(system, store, entry);
  files.rename(asidePath, join(store.confDir, entry.name));
  // Of two hard links to one file, rename(2) leaves both.
  files.remove(asidePath);
}

/**
 * Saves the file at our name from the rename that will replace it, without a moment in which the name is gone.
 * @throws HeadcniError HC_FILE_WRITE
 */
export function giveSecondName(system: System, store: Store, entry: AsideRecord): void {
  const path = join(store.confDir, entry.name);
  const asidePath = join(store.confDir, entry.aside);
  try {
    system.files.link(path, asidePath);
  } catch (error) {
    expected(error);
    // No hard links here (some file systems, fs.protected_hardlinks): the copy has the same content and times. What has no
    // copy is no configuration, and is missed by no runtime between this rename and that of ours.
    if (!recreateAside(system, store, entry)) system.files.rename(path, asidePath);
  }
}

/**
 * Makes a file anew from its copy, under its aside name: content, permission bits, owner, modification time to the nanosecond.
 * @returns false when the backups do not hold it
 */
function recreateAside({ files }: System, store: Store, entry: AsideRecord): boolean {
  const { kind, target, uid, gid } = entry;
  const path = join(store.confDir, entry.aside);
  const content = store.copyOf(entry);
  const origin = { uid, gid, mode: Number.parseInt(entry.mode, 8), mtimeNs: BigInt(entry.mtimeNs) };
  if (kind === "symlink" && target !== undefined) files.symlink(target, path, { ...origin, mode: undefined });
  else if (content !== undefined) files.writeAtomic(path, content, { mode: origin.mode, origin });
  else return false;
  return true;
}
