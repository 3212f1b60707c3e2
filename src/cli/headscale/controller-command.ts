// `headcni controller`: the one process of a cluster that has Headscale approve PodCIDRs.

import type { Command } from "commander";
import { expected } from "../../sys/errors.ts";
import { createWatchDir } from "../../sys/fs/watch.ts";
import type { CliContext } from "../context.ts";
import { logEnd } from "../daemon-command.ts";
import { exitCodeFor } from "../exit.ts";
import { addExamples, configOption, type LogFlags, logFormatOption, logLevelOption, rootOption } from "../options.ts";

interface ControllerFlags extends LogFlags {
  readonly listen?: string;
  readonly config?: string;
  readonly root?: string;
}

export function addControllerCommand(program: Command, context: CliContext): void {
  const controller = program
    .command("controller")
    .description("approve the PodCIDRs of all nodes at Headscale, where headscale.approval is controller")
    .option("--listen <host:port>", "where status and metrics are served (default: monitoring.listen)")
    .addOption(configOption())
    .addOption(rootOption())
    .addOption(logLevelOption())
    .addOption(logFormatOption())
    .action((flags: ControllerFlags) => controllerCommand(context, flags));
  addExamples(controller, "headcni controller", "headcni controller --listen 127.0.0.1:9466");
}

async function controllerCommand(context: CliContext, flags: ControllerFlags): Promise<void> {
  const [{ runController }, { createDaemonLog }] = await Promise.all([
    import("../../controller/run-controller.ts"),
    import("../../daemon/daemon-log.ts"),
  ]);
  const machine = context.system(flags.root);
  const { config, listen, logLevel: level, logFormat: format } = flags;
  using log = createDaemonLog({ clock: machine.clock, level, format, isBrief: false });
  const system = { ...machine, log, watch: createWatchDir(machine.files, log) };
  try {
    await runController(system, { config, listen, log });
  } catch (error) {
    expected(error);
    await logEnd(log, error);
    context.exit(exitCodeFor(error));
  }
}
