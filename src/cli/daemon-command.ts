// `headcni daemon`, also called as `headcni-daemon`.

import type { Command } from "commander";
import { defaultConfig } from "../config/defaults.ts";
import type { DaemonLog } from "../daemon/daemon-log.ts";
import { ConfigError, expected, type HeadcniError } from "../sys/errors.ts";
import { createWatchDir } from "../sys/fs/watch.ts";
import type { CliContext } from "./context.ts";
import { exitCodeFor, exitCodes, issueLine } from "./exit.ts";
import {
  addExamples,
  configOption,
  type LogFlags,
  logFormatOption,
  logLevelOption,
  nodeNameOption,
  rootOption,
} from "./options.ts";

interface DaemonCommandFlags extends LogFlags {
  readonly once?: boolean;
  readonly config?: string;
  readonly root?: string;
  readonly nodeName?: string;
}

export function addDaemonCommand(program: Command, context: CliContext): void {
  const daemon = program
    .command("daemon")
    .description("give this node its CNI configuration and keep it right (also called as headcni-daemon)")
    .option("--once", "make the node ready, then end")
    .addOption(configOption())
    .addOption(nodeNameOption())
    .addOption(rootOption())
    .addOption(logLevelOption())
    .addOption(logFormatOption())
    .action((flags: DaemonCommandFlags) => daemonCommand(context, flags));
  addExamples(daemon, "headcni-daemon", "headcni-daemon --once --root /mnt/node --node-name node-1");
}

async function daemonCommand(context: CliContext, flags: DaemonCommandFlags): Promise<void> {
  const [{ runDaemon }, { createDaemonLog }] = await Promise.all([
    import("../daemon/run.ts"),
    import("../daemon/daemon-log.ts"),
  ]);
  const machine = context.system(flags.root);
  const { once = false, config, nodeName, logLevel: level, logFormat: format } = flags;
  using log = createDaemonLog({ clock: machine.clock, level, format, isBrief: once });
  const system = { ...machine, log, watch: createWatchDir(machine.files, log) };
  try {
    const end = await runDaemon(system, { once, config, nodeName, log });
    if (end === "not-ready") context.exit(exitCodes.failed.code);
  } catch (error) {
    expected(error);
    await logEnd(log, error);
    context.exit(exitCodeFor(error));
  }
}

/** Logs why the daemon ends, so that a log collector gets lines of one form only. */
export async function logEnd(log: DaemonLog, error: HeadcniError): Promise<void> {
  // It may have ended before it read how to log.
  if (!log.isOpen()) await log.configure(defaultConfig.logging);
  for (const issue of error instanceof ConfigError ? error.issues : []) log.error(error.code, issueLine(issue));
  log.error(error.code, error.message, { hint: error.hint });
}
