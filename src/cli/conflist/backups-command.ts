// `headcni conflist backup` and `backups`: keeping copies, and listing all that is kept.

import { backupConflists, listBackups } from "../../conflist/backups/backup.ts";
import type { AsideRecord } from "../../conflist/ledger/manifest.ts";
import { join } from "../../sys/fs/path.ts";
import { printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import type { CliContext } from "../context.ts";
import { renderTable } from "../table.ts";
import type { NodeFlags, OutputFlags } from "./conflist-flags.ts";
import { readNodeDirs } from "./node-dirs.ts";

export async function backupCommand(context: CliContext, flags: NodeFlags & OutputFlags): Promise<void> {
  const { system, loaded } = await readNodeDirs(context, flags);
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
    context.print(printJson(all));
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
  context.print(
    rows.length === 0
      ? "There are no backups\n"
      : renderTable(["when", "what", "file", "kept as"], rows, context.terminal),
  );
}

/** Whether the file lies aside for the installation in force, or because none has anything to do with it. */
function asideWords({ role, state }: AsideRecord): string {
  return role === "leftover" || state === "left" ? "left aside" : "moved aside";
}
