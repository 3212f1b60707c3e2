// Brings directory and manifest back into agreement after a run that was cut short: by kill -9, by a power failure, or by an
// administrator who tidied up. Safe to run at any time; where all is well it changes nothing.

import type { OtherConfigs } from "../../config/config.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { attempt } from "../ledger/failure.ts";
import { lockConflist } from "../ledger/lock.ts";
import { isSameRecord } from "../ledger/manifest.ts";
import type { Intent } from "../ledger/next.ts";
import { commitFailure, perform, plan, recoveryFailure } from "../ledger/perform.ts";
import { isOurTemporary } from "../ledger/seen.ts";
import { openStore, type Store } from "../ledger/store.ts";

export interface RecoverConflistOptions {
  readonly confDir: string;
  /** @default /var/lib/headcni */
  readonly stateDir?: string | undefined;
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
  const hasTemporaries = leftovers(system, confDir).length > 0 || store.temporaries().length > 0;
  if (!hasTemporaries && isHealthy(system, store, otherConfigs)) return { removedTemporaries: [], completedMoves: [] };
  using _lock = await lockConflist(system, stateDir);
  return recoverLocked(system, store, otherConfigs);
}

function isHealthy(system: System, store: Store, otherConfigs: OtherConfigs): boolean {
  const { before, step } = plan(system, store, intentFor(otherConfigs));
  return step.actions.length === 0 && isSameRecord(step.record, before);
}

/** As `recoverConflist`, for a caller that holds the lock. */
export async function recoverLocked(system: System, store: Store, otherConfigs: OtherConfigs): Promise<RecoverReport> {
  const { confDir } = store;
  const removedTemporaries = leftovers(system, confDir);
  attempt(recoveryFailure(store), () => {
    for (const name of removedTemporaries) system.files.remove(join(confDir, name));
  });
  attempt(commitFailure(store), store.removeTemporaries);
  const { actions } = await perform(system, store, { intent: intentFor(otherConfigs) });
  const completedMoves = actions.filter(({ kind }) => kind === "set-aside").map(({ name }) => name);
  return { removedTemporaries, completedMoves };
}

function intentFor(otherConfigs: OtherConfigs): Intent {
  return { kind: "recover", movesAside: otherConfigs === "moveAside" };
}

function leftovers(system: System, confDir: string): readonly string[] {
  return (system.files.list(confDir) ?? []).filter(isOurTemporary);
}
