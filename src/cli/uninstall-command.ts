// `headcni uninstall`: takes HeadCNI out of a node.

import type { Command } from "commander";
import { ownExecutable } from "../sys/fs/executable.ts";
import { printJson } from "../sys/json.ts";
import { printable } from "../sys/log/printable.ts";
import type { DryRunFlags, NodeFlags, OutputFlags } from "./conflist/conflist-flags.ts";
import { readNodeDirs } from "./conflist/node-dirs.ts";
import type { CliContext } from "./context.ts";
import { exitCodes } from "./exit.ts";
import { addExamples, configOption, outputOption, rootOption } from "./options.ts";

type UninstallFlags = NodeFlags & OutputFlags & DryRunFlags & { readonly keepState?: boolean };

export function addUninstallCommand(program: Command, context: CliContext): void {
  const uninstall = program
    .command("uninstall")
    .description("take HeadCNI out of this node: tailscaled's prefs, kernel rules, conflist, plugin, what it remembers")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--keep-state", "keep /var/lib/headcni, with the copies of configurations")
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: UninstallFlags) => uninstallCommand(context, flags));
  addExamples(uninstall, "headcni uninstall --dry-run", "headcni uninstall");
}

async function uninstallCommand(context: CliContext, flags: UninstallFlags): Promise<void> {
  const { uninstall } = await import("../daemon/uninstall.ts");
  const { system, loaded } = await readNodeDirs(context, flags);
  const { dryRun: isDryRun = false, keepState: keepsState = false } = flags;
  const executable = ownExecutable();
  const done = await uninstall(system, { config: loaded.config, isDryRun, keepsState, executable });
  if (done.some(({ kind }) => kind === "left")) context.exit(exitCodes.negative.code);
  if (flags.output === "json") context.print(printJson(done.map(({ kind, what }) => ({ kind, what }))));
  else if (done.length === 0) context.print("There is nothing of HeadCNI on this node\n");
  else context.print(`${done.map(({ what }) => printable(what)).join("\n")}\n`);
}
