// `headcni conflist backup | backups | restore`.

import { type Backups, backupConflists, listBackups } from "../../conflist/backups/backup.ts";
import {
  planRestore,
  type RestoreAction,
  type RestoreReport,
  restoreConflist,
} from "../../conflist/backups/restore.ts";
import { type AsideRecord, encodeAside, encodeVersion } from "../../conflist/ledger/manifest.ts";
import { lockFile } from "../../daemon/instance-lock.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { type FileLock, tryLockFile } from "../../sys/fs/flock.ts";
import { join } from "../../sys/fs/path.ts";
import { type JsonObject, printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import type { System } from "../../sys/system.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import { renderTable } from "../table.ts";
import type { DryRunFlags, NodeFlags, OutputFlags } from "./conflist-command.ts";
import { readFolders } from "./wanted-conflist.ts";

export async function backupCommand(context: CliContext, flags: NodeFlags & OutputFlags): Promise<void> {
  const { system, loaded } = await readFolders(context, flags);
  const { confDir } = loaded.config.cni;
  const { kept, passedOver } = await backupConflists(system, { confDir });
  for (const name of passedOver)
    context.warn(`warning: ${printable(join(confDir, name))} is no file that can be copied\n`);
  if (flags.output === "json") {
    context.print(printJson({ confDir, kept, passedOver }));
    return;
  }
  const what = kept.length === 0 ? `There is no configuration in ${confDir}` : `Kept ${kept.join(", ")} of ${confDir}`;
  context.print(`${printable(what)}\n`);
}

export async function backupsCommand(context: CliContext, flags: NodeFlags & OutputFlags): Promise<void> {
  const all = listBackups(context.system(flags.root));
  if (flags.output === "json") {
    context.print(printJson(all.map(encodeBackups)));
    return;
  }
  const rows = all.flatMap(({ confDir, folder, aside, versions }) => [
    ...aside.map((entry) => [entry.at, asideWords(entry), join(confDir, entry.name), join(confDir, entry.aside)]),
    ...versions.map((entry) => [
      entry.at,
      entry.writtenBy === "headcni" ? "earlier version" : "somebody's version",
      join(confDir, entry.name),
      entry.copy === undefined ? `link to ${entry.target ?? "?"}` : join(folder, entry.copy),
    ]),
  ]);
  context.print(rows.length === 0 ? "There are no backups\n" : renderTable(["when", "what", "file", "kept as"], rows));
}

export async function restoreCommand(context: CliContext, flags: NodeFlags & OutputFlags & DryRunFlags): Promise<void> {
  const { system, loaded } = await readFolders(context, flags);
  const known = listBackups(system).map(({ confDir }) => confDir);
  const folders = [...new Set([loaded.config.cni.confDir, ...known])];
  const reports: RestoreReport[] = [];
  if (flags.dryRun === true) {
    for (const confDir of folders) reports.push(planRestore(system, { confDir }));
  } else {
    using _daemonLock = keepDaemonOut(system);
    for (const confDir of folders) reports.push(await restoreConflist(system, { confDir }));
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

/** Whether the file lies aside for the installation in force, or because none has anything to do with it. */
function asideWords({ role, state }: AsideRecord): string {
  return role === "leftover" || state === "left" ? "left aside" : "moved aside";
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

function encodeBackups({ confDir, folder, aside, versions }: Backups): JsonObject {
  return {
    confDir,
    folder,
    aside: aside.map(encodeAside),
    versions: versions.map(encodeVersion),
  };
}

function encodeRestore({ confDir, actions, isComplete }: RestoreReport): JsonObject {
  return {
    confDir,
    complete: isComplete,
    actions: actions.map(({ kind, name, why }) => ({ kind, name, why: why ?? null })),
  };
}
