// `headcni chart install-plugins`: the daemon's init container gives the node the reference plugins it lacks.

import type { Command } from "commander";
import { printJson } from "../../sys/json.ts";
import { readNodeDirs } from "../conflist/node-dirs.ts";
import type { CliContext } from "../context.ts";
import { addExamples, configOption, outputOption, rootOption } from "../options.ts";

interface InstallPluginsFlags {
  readonly config?: string;
  readonly root?: string;
  readonly from: string;
  readonly output: string;
}

/** Where the image has them. */
const imageDir = "/usr/lib/cni";

export function addInstallPluginsCommand(chart: Command, context: CliContext): void {
  const install = chart
    .command("install-plugins")
    .description("copy bridge, host-local, loopback and portmap to the node where it has none; what is there stays")
    .option("--from <folder>", "folder of this machine that has them, with a file VERSION", imageDir)
    .addOption(configOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: InstallPluginsFlags) => installPluginsCommand(context, flags));
  addExamples(install, "headcni chart install-plugins --root /host");
}

async function installPluginsCommand(context: CliContext, flags: InstallPluginsFlags): Promise<void> {
  const { installReferencePlugins } = await import("../../plugin-install/reference-plugins.ts");
  const { system, loaded } = await readNodeDirs(context, flags);
  const { binDir } = loaded.config.cni;
  const installed = installReferencePlugins(system, { binDir, from: flags.from });
  if (flags.output === "json") context.print(printJson(installed.map(({ path, outcome }) => ({ path, outcome }))));
  else context.print(installed.map(({ path, outcome }) => `${outcome} ${path}\n`).join(""));
}
