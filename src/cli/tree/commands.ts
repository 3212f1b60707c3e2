// The command tree. Each command lives in a file of its own and loads its domain only when it runs, so that the tree is
// cheap to build.

import type { Command } from "commander";
import { addChartCommands } from "../chart/chart-commands.ts";
import { addCompletionCommand, printCandidates } from "../completion/completion-command.ts";
import { addConfigCommands } from "../config-command.ts";
import { addConflistCommands } from "../conflist/conflist-command.ts";
import { addConnectivityCommands } from "../connectivity/connectivity-command.ts";
import type { CliContext } from "../context.ts";
import { addDaemonCommand } from "../daemon-command.ts";
import { addDoctorCommand } from "../doctor/doctor-command.ts";
import { addControllerCommand } from "../headscale/controller-command.ts";
import { addHeadscaleCommands } from "../headscale/headscale-command.ts";
import { addIpamCommands } from "../ipam-command.ts";
import { addMeshCommand } from "../mesh-command.ts";
import { addPingCommand } from "../ping/ping-command.ts";
import { addPodCIDRCommands } from "../podcidr-command.ts";
import { addVersionCommand } from "../print-version-command.ts";
import { addStatusCommand } from "../status-command.ts";
import { addUninstallCommand } from "../uninstall-command.ts";
import { createRootCommand, type RootCommandOptions } from "./root-command.ts";

/** Builds `headcni` with every command. */
export function createProgram(context: CliContext, options: RootCommandOptions = {}): Command {
  const program = createRootCommand(context, options);
  addConfigCommands(program, context);
  addConflistCommands(program, context);
  addDaemonCommand(program, context);
  addStatusCommand(program, context);
  addDoctorCommand(program, context);
  addConnectivityCommands(program, context);
  addMeshCommand(program, context);
  addPingCommand(program, context);
  addPodCIDRCommands(program, context);
  addHeadscaleCommands(program, context);
  addControllerCommand(program, context);
  addIpamCommands(program, context);
  addUninstallCommand(program, context);
  addChartCommands(program, context);
  addVersionCommand(program, context);
  addCompletionCommand(program, context);
  return program;
}

/** Answers a shell's completion script. @param words as `complete` takes them */
export function printCompletions(context: CliContext, words: readonly string[]): void {
  printCandidates(context, createProgram(context), words);
}
