// `headcni uninstall`: takes HeadCNI out of a node.

import type { Command } from "commander";
import type { CleanedUp } from "../agent/cleaned-up.ts";
import { expected } from "../sys/errors.ts";
import { ownExecutable } from "../sys/fs/executable.ts";
import { printJson } from "../sys/json.ts";
import { printable } from "../sys/log/printable.ts";
import type { System } from "../sys/system.ts";
import type { DryRunFlags, NodeFlags, OutputFlags } from "./conflist/conflist-flags.ts";
import { readNodeToClear } from "./conflist/node-dirs.ts";
import type { CliContext } from "./context.ts";
import { exitCodes } from "./exit.ts";
import { addExamples, configOption, outputOption, readSeconds, rootOption } from "./options.ts";

type UninstallFlags = NodeFlags &
  OutputFlags &
  DryRunFlags & {
    readonly keepState?: boolean;
    /** Seconds. */
    readonly wait?: number;
  };

/** Between two looks at a daemon that is to end. */
const lookAgainMs = 500;

export function addUninstallCommand(program: Command, context: CliContext): void {
  const uninstall = program
    .command("uninstall")
    .description("take HeadCNI out of this node: tailscaled's prefs, kernel rules, conflist, plugin, what it remembers")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--keep-state", "keep /var/lib/headcni, with the copies of configurations")
    .option("--wait <seconds>", "wait so long at most for a daemon that is stopping (default: 0)", readSeconds)
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: UninstallFlags) => uninstallCommand(context, flags));
  addExamples(uninstall, "headcni uninstall --dry-run", "headcni uninstall");
}

async function uninstallCommand(context: CliContext, flags: UninstallFlags): Promise<void> {
  const { uninstall } = await import("../daemon/uninstall.ts");
  const { system, cni } = await readNodeToClear(context, flags);
  const { dryRun: isDryRun = false, keepState: keepsState = false } = flags;
  const executable = ownExecutable();
  const takeOut = (): Promise<readonly CleanedUp[]> => uninstall(system, { cni, isDryRun, keepsState, executable });
  const done = await onceDaemonHasEnded(system, takeOut, flags.wait ?? 0);
  if (done.some(({ kind }) => kind === "failed")) context.exit(exitCodes.failed.code);
  else if (done.some(({ kind }) => kind === "left")) context.exit(exitCodes.negative.code);
  if (flags.output === "json") context.print(printJson(done.map(({ kind, what }) => ({ kind, what }))));
  else if (done.length === 0) context.print("There is nothing of HeadCNI on this node\n");
  else context.print(`${done.map(({ what }) => printable(what)).join("\n")}\n`);
}

/** @throws HeadcniError what `takeOut` throws; HC_DAEMON_RUNNING once `seconds` have gone by */
async function onceDaemonHasEnded<T>(
  { clock }: Pick<System, "clock">,
  takeOut: () => Promise<T>,
  seconds: number,
): Promise<T> {
  const endMs = clock.monotonicMs() + seconds * 1000;
  for (;;) {
    try {
      return await takeOut();
    } catch (error) {
      expected(error);
      if (error.code !== "HC_DAEMON_RUNNING" || clock.monotonicMs() >= endMs) throw error;
    }
    await clock.sleep(lookAgainMs);
  }
}
