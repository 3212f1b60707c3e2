// `headcni conflist …`: the tree of its commands. Each is loaded when it runs.

import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import { addExamples, configOption, nodeNameOption, outputOption, rootOption } from "../options.ts";
import type { DryRunFlags, NodeFlags, OutputFlags } from "./conflist-flags.ts";

export function addConflistCommands(program: Command, context: CliContext): void {
  const conflist = program
    .command("conflist")
    .helpCommand(false)
    .description("look at, install and take back this node's CNI configuration");
  addLooking(conflist, context);
  addInstalling(conflist, context);
  addBackups(conflist, context);
}

function addLooking(conflist: Command, context: CliContext): void {
  const render = conflist
    .command("render")
    .description("print the conflist this node wants")
    .addOption(configOption())
    .addOption(nodeNameOption())
    .addOption(outputOption(["text", "json"]))
    .addOption(rootOption())
    .action(async (flags: NodeFlags & OutputFlags) =>
      (await import("./render-command.ts")).renderCommand(context, flags),
    );
  addExamples(render, "headcni conflist render", "NODE_POD_CIDR=10.244.3.0/24 headcni conflist render");
  const diff = conflist
    .command("diff")
    .description("show what an installation would change; ends with 1 when it would change something")
    .addOption(configOption())
    .addOption(nodeNameOption())
    .addOption(outputOption(["text", "json"]))
    .addOption(rootOption())
    .action(async (flags: NodeFlags & OutputFlags) => (await import("./diff-command.ts")).diffCommand(context, flags));
  addExamples(diff, "headcni conflist diff", "headcni conflist diff -o json");
  const validate = conflist
    .command("validate")
    .description("check a conflist and the plugins it calls; ends with 1 when something is wrong")
    .argument("[file]", "the conflist (default: ours on this node, which must be in force)")
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action(async (file: string | undefined, flags: NodeFlags & OutputFlags) =>
      (await import("./validate-command.ts")).validateCommand(context, file, flags),
    );
  addExamples(validate, "headcni conflist validate", "headcni conflist validate ./10-mine.conflist -o json");
}

function addInstalling(conflist: Command, context: CliContext): void {
  const install = conflist
    .command("install")
    .description("put the conflist in force: back up, validate, write, move other CNIs' files aside")
    .option("--dry-run", "say what would be done, and do nothing")
    .option("--verbose", "print each step to standard error")
    .addOption(configOption())
    .addOption(nodeNameOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action(async (flags: NodeFlags & OutputFlags & DryRunFlags & { readonly verbose?: boolean }) =>
      (await import("./install-command.ts")).installCommand(context, flags),
    );
  addExamples(install, "headcni conflist install", "headcni conflist install --dry-run");
}

function addBackups(conflist: Command, context: CliContext): void {
  const backup = conflist
    .command("backup")
    .description("keep a copy of every configuration in the folder as it is now")
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action(async (flags: NodeFlags & OutputFlags) =>
      (await import("./backups-command.ts")).backupCommand(context, flags),
    );
  addExamples(backup, "headcni conflist backup");
  const backups = conflist
    .command("backups")
    .description("list what is kept: files moved aside, and earlier versions")
    .addOption(outputOption())
    .addOption(rootOption())
    .action(async (flags: NodeFlags & OutputFlags) =>
      (await import("./backups-command.ts")).backupsCommand(context, flags),
    );
  addExamples(backups, "headcni conflist backups", "headcni conflist backups -o json");
  const restore = conflist
    .command("restore")
    .description("take HeadCNI out: put back what was moved aside, then remove its conflist")
    .option("--dry-run", "say what would be done, and do nothing")
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action(async (flags: NodeFlags & OutputFlags & DryRunFlags) =>
      (await import("./restore-command.ts")).restoreCommand(context, flags),
    );
  addExamples(restore, "headcni conflist restore --dry-run", "headcni conflist restore");
}
