// `headcni conflist restore`.

import { listBackups } from "../../conflist/backups/backup.ts";
import { describeRestore, planRestore, type RestoreReport, restoreConflist } from "../../conflist/backups/restore.ts";
import { claimNode } from "../../daemon/claim.ts";
import { keepDaemonOut } from "../../daemon/instance-lock.ts";
import { type JsonObject, printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import type { DryRunFlags, NodeFlags, OutputFlags } from "./conflist-flags.ts";
import { readNodeToClear } from "./node-dirs.ts";

export async function restoreCommand(context: CliContext, flags: NodeFlags & OutputFlags & DryRunFlags): Promise<void> {
  const { system, cni } = await readNodeToClear(context, flags);
  const known = listBackups(system).map(({ confDir }) => confDir);
  const dirs = [...new Set([cni.confDir, ...known])];
  const reports: RestoreReport[] = [];
  if (flags.dryRun === true) {
    for (const confDir of dirs) reports.push(planRestore(system, { confDir }));
  } else {
    using _daemonLock = keepDaemonOut(system, "Cannot restore");
    using _claim = claimNode(system, "Cannot restore");
    for (const confDir of dirs) reports.push(await restoreConflist(system, { confDir }));
  }
  if (!reports.every(({ isComplete }) => isComplete)) context.exit(exitCodes.negative.code);
  if (flags.output === "json") {
    context.print(printJson(reports.map(encodeRestore)));
    return;
  }
  const lines = reports.flatMap(({ confDir, actions }) =>
    actions.map((action) => printable(describeRestore(confDir, action, { isDryRun: flags.dryRun === true }))),
  );
  context.print(lines.length === 0 ? "There is nothing to restore\n" : `${lines.join("\n")}\n`);
}

function encodeRestore({ confDir, actions, isComplete }: RestoreReport): JsonObject {
  return {
    confDir,
    complete: isComplete,
    actions: actions.map(({ kind, name, why }) => ({ kind, name, why: why ?? null })),
  };
}
