// Brings folder and manifest back into agreement after a run that was cut short: by kill -9, by a power failure, or by
// somebody who tidied up. Safe to run at any time; where all is well it changes nothing.

import type { OtherConfigs } from "../../config/config.ts";
import { stateDir as defaultStateDir } from "../../node-state/names.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { attempt } from "../install/failure.ts";
import { isOurTemporary } from "../install/install-diff.ts";
import { lockConflist } from "../install/lock.ts";
import { planRecovery } from "./recovery-plan.ts";
import { openStore, type Store } from "./store.ts";

export interface RecoverOptions {
  readonly confDir: string;
  /** @default /var/lib/headcni */
  readonly stateDir?: string | undefined;
  /** Planned moves are finished for "moveAside" only. */
  readonly otherConfigs: OtherConfigs;
}

export interface RecoverReport {
  /** Temporary files that were removed from the configuration folder. */
  readonly removedTemporaries: readonly string[];
  /** Names of others' files whose move had been planned, with ours in force, and is now done. */
  readonly completedMoves: readonly string[];
}

/**
 * Finishes what an interrupted run began. For every start, before anything is installed. A look comes first, without the
 * lock, so that a start on a healthy node writes nothing.
 * @throws HeadcniError HC_CONFLIST_BUSY, HC_CONFLIST_BACKUP, HC_CONFLIST_WRITE
 */
export async function recoverConflist(system: System, options: RecoverOptions): Promise<RecoverReport> {
  const { confDir } = options;
  const stateDir = options.stateDir ?? defaultStateDir;
  const store = openStore(system, stateDir, confDir);
  const hasTemporaries = leftovers(system, confDir).length > 0 || store.temporaries().length > 0;
  if (!hasTemporaries && !planRecovery(system, store, options).isChanged) {
    return { removedTemporaries: [], completedMoves: [] };
  }
  using _lock = await lockConflist(system, stateDir);
  return recoverLocked(system, store, options);
}

/** As `recoverConflist`, for a caller that holds the lock. */
export function recoverLocked(system: System, store: Store, options: RecoverOptions): RecoverReport {
  const { confDir } = options;
  const { files } = system;
  const removedTemporaries = leftovers(system, confDir);
  const plan = attempt("HC_CONFLIST_WRITE", `Cannot finish what an interrupted run began in ${confDir}`, () => {
    for (const name of removedTemporaries) files.remove(join(confDir, name));
    const recovery = planRecovery(system, store, options);
    for (const name of recovery.surplusNames) files.remove(join(confDir, name));
    for (const { name, aside } of recovery.moves) files.rename(join(confDir, name), join(confDir, aside));
    return recovery;
  });
  attempt("HC_CONFLIST_BACKUP", `Cannot bring the backups in ${store.folder} up to date`, () => {
    store.removeTemporaries();
    if (plan.isChanged) store.write(plan.record);
  });
  return { removedTemporaries, completedMoves: plan.moves.map(({ name }) => name) };
}

function leftovers(system: System, confDir: string): readonly string[] {
  return (system.files.list(confDir) ?? []).filter(isOurTemporary);
}
