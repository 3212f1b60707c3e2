// `headcni chart`: what the pods of the Helm chart run beside the daemon. An operator has no use for them.

import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { addAwaitUninstallCommand } from "./await-uninstall-command.ts";
import { addInstallPluginsCommand } from "./install-plugins-command.ts";
import { addPauseCommand } from "./pause-command.ts";

export function addChartCommands(program: Command, context: CliContext): void {
  const chart = program.command("chart").description("what pods of the Helm chart run beside the daemon");
  addInstallPluginsCommand(chart, context);
  addAwaitUninstallCommand(chart, context);
  addPauseCommand(chart);
}
