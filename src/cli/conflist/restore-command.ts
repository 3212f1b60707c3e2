// `headcni conflist restore`.

import { listBackups } from "../../conflist/backups/backup.ts";
import {
  planRestore,
  type RestoreAction,
  type RestoreReport,
  restoreConflist,
} from "../../conflist/backups/restore.ts";
import { claimNode } from "../../daemon/claim.ts";
import { lockFile } from "../../daemon/instance-lock.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { type FileLock, tryLockFile } from "../../sys/fs/flock.ts";
import { join } from "../../sys/fs/path.ts";
import { type JsonObject, printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import type { System } from "../../sys/system.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import type { DryRunFlags, NodeFlags, OutputFlags } from "./conflist-flags.ts";
import { readNodeDirs } from "./node-dirs.ts";

export async function restoreCommand(context: CliContext, flags: NodeFlags & OutputFlags & DryRunFlags): Promise<void> {
  const { system, loaded } = await readNodeDirs(context, flags);
  const known = listBackups(system).map(({ confDir }) => confDir);
  const dirs = [...new Set([loaded.config.cni.confDir, ...known])];
  const reports: RestoreReport[] = [];
  if (flags.dryRun === true) {
    for (const confDir of dirs) reports.push(planRestore(system, { confDir }));
  } else {
    using _daemonLock = keepDaemonOut(system);
    using _claim = claimNode(system, "Cannot restore");
    for (const confDir of dirs) reports.push(await restoreConflist(system, { confDir }));
  }
  if (!reports.every(({ isComplete }) => isComplete)) context.exit(exitCodes.negative.code);
  if (flags.output === "json") {
    context.print(printJson(reports.map(encodeRestore)));
    return;
  }
  const lines = reports.flatMap(({ confDir, actions }) =>
    actions.map((action) => printable(actionLine(join(confDir, action.name), action, flags))),
  );
  context.print(lines.length === 0 ? "There is nothing to restore\n" : `${lines.join("\n")}\n`);
}

/**
 * Keeps a daemon from starting meanwhile.
 * @throws HeadcniError HC_DAEMON_RUNNING when one runs: it would undo within seconds what is restored.
 */
function keepDaemonOut({ files }: System): FileLock | undefined {
  if (files.stat(lockFile) === undefined) return undefined;
  const lock = tryLockFile(files.hostPath(lockFile));
  if (lock !== undefined) return lock;
  throw new HeadcniError(
    "HC_DAEMON_RUNNING",
    "Cannot restore: headcni-daemon runs on this node and would put its conflist back within seconds",
    { hint: "stop the daemon first; --dry-run shows what would be done" },
  );
}

/** What is done, and what would be, to a file that is not left alone. */
const actionWords: Readonly<Partial<Record<RestoreAction["kind"], readonly [string, string]>>> = {
  "put-back": ["Put back", "Would put back"],
  "set-aside": ["Set aside", "Would set aside"],
  "remove-ours": ["Removed", "Would remove"],
};

function actionLine(path: string, { kind, why }: RestoreAction, { dryRun }: DryRunFlags): string {
  const words = actionWords[kind];
  if (words === undefined) return `Left alone: ${path} ${why}`;
  return `${words[dryRun === true ? 1 : 0]} ${path}${why === undefined ? "" : `, which ${why}`}`;
}

function encodeRestore({ confDir, actions, isComplete }: RestoreReport): JsonObject {
  return {
    confDir,
    complete: isComplete,
    actions: actions.map(({ kind, name, why }) => ({ kind, name, why: why ?? null })),
  };
}
