// Takes HeadCNI out of a configuration directory: what lay there before comes back under its own name, our file goes. In that
// order, so that the node has a configuration throughout; and so that a second run finishes what the first one began.

import type { CleanUpOptions } from "../../agent/cleaned-up.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { next } from "../ledger/next.ts";
import { perform, plan } from "../ledger/perform.ts";
import { recoverConflist, recoverLocked } from "../ledger/recover.ts";
import { type Action, recordAfter } from "../ledger/step.ts";
import { type ConflistDirs, lockConflist, openStore } from "../ledger/store.ts";

/** What happens to one name. */
export type RestoreAction = Pick<Action, "kind" | "name" | "why">;

export interface RestoreReport {
  readonly confDir: string;
  /** In the order they happen; empty when there is nothing to restore. */
  readonly actions: readonly RestoreAction[];
  /** Whether the directory is as it was before HeadCNI: nothing had to be left where it was. */
  readonly isComplete: boolean;
}

/** What `restoreConflist` would do. Changes nothing. */
export function planRestore(system: System, { confDir, stateDir }: ConflistDirs): RestoreReport {
  const store = openStore(system, stateDir, confDir);
  const { seen, step } = plan(system, store, { kind: "recover", movesAside: false });
  return reportOf(confDir, next(recordAfter(step), seen, { kind: "restore" }).actions);
}

/**
 * Puts the directory back as it was before HeadCNI: same bytes, mode, owner, modification time. Nothing is lost on the way:
 * what cannot go to its place stays where it is, and the report says so.
 * @throws HeadcniError HC_CONFLIST_RESTORE, HC_CONFLIST_BACKUP, HC_CONFLIST_BUSY. Running it again goes on from there.
 */
export async function restoreConflist(system: System, dirs: ConflistDirs): Promise<RestoreReport> {
  const { confDir, stateDir } = dirs;
  await recoverConflist(system, { ...dirs, otherConfigs: "keep" });
  // Where HeadCNI never was, no lock is made only to find that out.
  const planned = planRestore(system, dirs);
  if (planned.actions.length === 0) return planned;
  using _lock = await lockConflist(system, stateDir);
  const store = openStore(system, stateDir, confDir);
  await recoverLocked(system, store, "keep");
  return reportOf(confDir, await perform(system, store, { intent: { kind: "restore" } }));
}

function reportOf(confDir: string, actions: readonly Action[]): RestoreReport {
  return {
    confDir,
    actions: actions.map(({ kind, name, why }) => ({ kind, name, why })),
    isComplete: actions.every(({ kind }) => kind !== "leave" && kind !== "set-aside"),
  };
}

/** What is done, and what would be, to a file that is not left alone. */
const actionWords: Readonly<Partial<Record<RestoreAction["kind"], readonly [string, string]>>> = {
  "put-back": ["Put back", "Would put back"],
  "set-aside": ["Set aside", "Would set aside"],
  "remove-ours": ["Removed", "Would remove"],
};

/** `Put back /etc/cni/net.d/10-flannel.conflist` */
export function describeRestore(
  confDir: string,
  { kind, name, why }: RestoreAction,
  { isDryRun }: CleanUpOptions,
): string {
  const path = join(confDir, name);
  const words = actionWords[kind];
  if (words === undefined) return `Left alone: ${path} ${why}`;
  return `${words[isDryRun ? 1 : 0]} ${path}${why === undefined ? "" : `, which ${why}`}`;
}
