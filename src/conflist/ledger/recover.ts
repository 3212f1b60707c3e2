// Brings directory and manifest back into agreement after a run that was cut short: by kill -9, by a power failure, or by an
// administrator who tidied up. Safe to run at any time; where all is well it changes nothing.

import type { OtherConfigs } from "../../config/config.ts";
import { originalName } from "../../node-state/aside-name.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { temporaryTarget } from "../../sys/fs/atomic-file.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { isSameRecord } from "./manifest.ts";
import { perform, plan } from "./perform.ts";
import { attempt, type ConflistDirs, lockConflist, openStore, type Store } from "./store.ts";

export interface RecoverConflistOptions extends ConflistDirs {
  /** Planned moves are finished for "moveAside" only. */
  readonly otherConfigs: OtherConfigs;
}

export interface RecoverReport {
  /** Temporary files that were removed from the configuration directory. */
  readonly removedTemporaries: readonly string[];
  /** Names of others' files whose move had been planned, with ours in force, and is now done. */
  readonly completedMoves: readonly string[];
}

/**
 * Finishes what an interrupted run began. For every start, before anything is installed. A look comes first, without the
 * lock, so that a start on a healthy node writes nothing.
 * @throws HeadcniError HC_CONFLIST_BUSY, HC_CONFLIST_BACKUP, HC_CONFLIST_WRITE
 */
export async function recoverConflist(system: System, options: RecoverConflistOptions): Promise<RecoverReport> {
  const { confDir, stateDir, otherConfigs } = options;
  const store = openStore(system, stateDir, confDir);
  if (isHealthy(system, store, otherConfigs)) return { removedTemporaries: [], completedMoves: [] };
  using _lock = await lockConflist(system, stateDir);
  return recoverLocked(system, store, otherConfigs);
}

function isHealthy(system: System, store: Store, otherConfigs: OtherConfigs): boolean {
  if (temporariesIn(system, store.confDir).length + store.temporaries().length > 0) return false;
  const { before, step } = plan(system, store, recoveryOf(otherConfigs));
  return step.actions.length === 0 && isSameRecord(step.record, before);
}

/** As `recoverConflist`, for a caller that holds the lock. */
export async function recoverLocked(system: System, store: Store, otherConfigs: OtherConfigs): Promise<RecoverReport> {
  const removedTemporaries = removeTemporaries(system, store);
  store.guard(() => {
    for (const path of store.temporaries()) system.files.remove(path);
  });
  const intent = recoveryOf(otherConfigs);
  const done = await perform(system, store, { intent });
  // What was done may be the end of an installation.
  if (done.length > 0) await perform(system, store, { intent });
  const completedMoves = done.filter(({ kind }) => kind === "set-aside").map(({ name }) => name);
  return { removedTemporaries, completedMoves };
}

function recoveryOf(otherConfigs: OtherConfigs) {
  return { kind: "recover", movesAside: otherConfigs === "moveAside" } as const;
}

/** Removes temporary files of our conflist, and of files being put back. @throws HeadcniError HC_CONFLIST_WRITE */
export function removeTemporaries(system: System, { confDir }: Store): readonly string[] {
  const names = temporariesIn(system, confDir);
  attempt("HC_CONFLIST_WRITE", `Cannot finish what an interrupted run began in ${confDir}`, () => {
    for (const name of names) system.files.remove(join(confDir, name));
  });
  return names;
}

export function temporariesIn({ files }: System, confDir: string): readonly string[] {
  return (files.list(confDir) ?? []).filter((name) => {
    const target = temporaryTarget(name);
    return target !== undefined && (target === conflistFileName || originalName(target) !== undefined);
  });
}
