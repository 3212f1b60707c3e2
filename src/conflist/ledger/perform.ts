// Does what was planned: the manifest says what is about to happen, it happens, the manifest says what has happened. Each action
// is one rename, link or removal, and safe to do again.

import { conflistFileName } from "../../node-state/names.ts";
import type { ErrorCode } from "../../sys/error-codes.ts";
import { expected } from "../../sys/errors.ts";
import type { AtomicWriteStep } from "../../sys/fs/atomic-file.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import type { AsideRecord } from "./manifest.ts";
import { type Intent, next } from "./next.ts";
import { look } from "./seen.ts";
import { type Action, recordAfter } from "./step.ts";
import { attempt, type Store } from "./store.ts";

/** Permission bits of our file: it may name what only root need know. */
export const conflistMode = 0o600;

export interface PerformOptions {
  readonly intent: Intent;
  /** Asked once the manifest says what is about to happen: what it throws ends the work, and the manifest reads as before. */
  readonly confirm?: () => Promise<void>;
  readonly onStep?: ((step: "backed-up" | "moved-aside" | AtomicWriteStep, detail: string) => void) | undefined;
}

/** What would be done now, and what that rests on. @throws HeadcniError HC_CONFLIST_BACKUP, HC_FILE_READ */
export function plan(system: System, store: Store, intent: Intent) {
  const before = store.read();
  const seen = look(system, store, before, intent.kind === "install" ? intent.toMoveAside : []);
  return { before, seen, step: next(before, seen, intent) };
}

/**
 * Plans, journals, acts, commits.
 * @returns what was done: all that was planned but for moves of files that were removed meanwhile
 * @throws HeadcniError HC_CONFLIST_BACKUP, HC_CONFLIST_WRITE, HC_CONFLIST_RESTORE. Recovering goes on from there.
 */
export async function perform(system: System, store: Store, options: PerformOptions): Promise<readonly Action[]> {
  const { intent, confirm, onStep } = options;
  const { before, seen, step } = store.guard(() => plan(system, store, intent));
  store.write(step.record, seen.contents);
  onStep?.("backed-up", store.dir);
  try {
    await confirm?.();
  } catch (error) {
    store.write(before);
    throw error;
  }
  const done = step.actions.filter((action) => act(system, store, { ...options, action }));
  store.write(recordAfter(step, done));
  return done;
}

export interface ActOptions extends Pick<PerformOptions, "onStep"> {
  readonly action: Action;
  readonly intent: Pick<Intent, "kind">;
}

/**
 * @returns false when the owner of the file has removed it since
 * @throws HeadcniError HC_CONFLIST_WRITE, HC_CONFLIST_RESTORE
 */
export function act(system: System, store: Store, { action, intent, onStep }: ActOptions): boolean {
  const { kind, name, entry } = action;
  const path = join(store.confDir, name);
  const [code, what] = failureOf(path, name, intent.kind);
  return attempt(code, `Cannot ${what}`, () => {
    if (kind === "set-aside" && system.files.lstat(path) === undefined) return false;
    change(system, store, { action, onStep });
    if (kind === "set-aside") onStep?.("moved-aside", `${path} as ${entry.aside}`);
    return true;
  });
}

function failureOf(path: string, name: string, intent: Intent["kind"]): readonly [code: ErrorCode, what: string] {
  if (intent === "restore") return ["HC_CONFLIST_RESTORE", `restore ${path}`];
  if (name === conflistFileName) return ["HC_CONFLIST_WRITE", `write the conflist ${path}`];
  return ["HC_CONFLIST_WRITE", `move ${path} aside, which the runtime prefers to ours`];
}

function change(system: System, store: Store, { action, onStep }: Omit<ActOptions, "intent">): void {
  const { files } = system;
  const path = join(store.confDir, action.name);
  switch (action.kind) {
    case "drop":
    case "keep-copy":
      files.remove(join(store.confDir, action.entry.aside));
      break;
    case "put-back":
      putBack(system, store, action.entry);
      break;
    case "set-aside":
      files.rename(path, join(store.confDir, action.entry.aside));
      break;
    case "second-name":
      giveSecondName(system, store, action.entry);
      break;
    case "write-ours": {
      const onPart = (part: AtomicWriteStep): void => onStep?.(part, path);
      files.makeDir(store.confDir);
      files.writeAtomic(path, action.content, { mode: conflistMode, owner: files.owner, onStep: onPart });
      break;
    }
    case "remove-ours":
      files.remove(path);
  }
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

/** Saves the file at our name from the rename that will replace it, without a moment in which the name is gone. */
function giveSecondName(system: System, store: Store, entry: AsideRecord): void {
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
