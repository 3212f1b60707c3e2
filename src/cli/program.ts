// The command tree. Each command lives in a file of its own and loads its domain only when it runs, so that the tree is
// cheap to build.

import { Command, CommanderError, Help } from "commander";
import { createPlainLog } from "../sys/log/log.ts";
import { writeAll } from "../sys/process/stdio.ts";
import { versionLine } from "../version.ts";
import { addChartCommands } from "./chart/chart-commands.ts";
import { addCompletionCommand, printCandidates } from "./completion/completion-command.ts";
import { addConfigCommands } from "./config-command.ts";
import { addConflistCommands } from "./conflist/conflist-command.ts";
import { addConnectivityCommands } from "./connectivity/connectivity-command.ts";
import { type CliContext, createCliContext } from "./context.ts";
import { addDaemonCommand } from "./daemon-command.ts";
import { addDoctorCommand } from "./doctor/doctor-command.ts";
import { errorLines, exitCodeFor, exitCodes, usageHint } from "./exit.ts";
import { addControllerCommand } from "./headscale/controller-command.ts";
import { addHeadscaleCommands } from "./headscale/headscale-command.ts";
import { addIpamCommands } from "./ipam-command.ts";
import { jsonErrorLine, jsonUsageLine, wantsJson } from "./json-error.ts";
import { addMeshCommand } from "./mesh-command.ts";
import { examplesOf } from "./options.ts";
import { addPingCommand } from "./ping/ping-command.ts";
import { addPodCIDRCommands } from "./podcidr-command.ts";
import { addVersionCommand } from "./print-version-command.ts";
import { addStatusCommand } from "./status-command.ts";
import { addUninstallCommand } from "./uninstall-command.ts";

/** The name by which the program is the daemon and nothing else. */
const daemonName = "headcni-daemon";

interface CreateProgramOptions {
  /** The name the help shows for the daemon. */
  readonly calledAs?: string;
  /** Takes what commander says of a wrong command line. */
  readonly writeErr?: (text: string) => void;
}

/** Builds `headcni` with every command. */
export function createProgram(
  context: CliContext,
  { calledAs = "headcni", writeErr = context.warn }: CreateProgramOptions = {},
): Command {
  const program = new Command("headcni")
    .description("Pod networking for Kubernetes nodes in different networks")
    .version(versionLine(), "-V, --version", "print version, commit and runtime")
    .helpOption("-h, --help", "print help, also after a command")
    .showHelpAfterError(`hint: ${usageHint}`)
    .configureOutput({
      writeOut: context.print,
      writeErr,
      // Asking the streams for width and colour would load Node's stream classes, which cost more than the rest of the start.
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .configureHelp({ commandUsage: (command) => usage(command, calledAs) })
    // `podcidr` and `podcidr inspect` share flags: those after a command's name are that command's.
    .enablePositionalOptions()
    .exitOverride();
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

/**
 * Runs the command line and gives its exit code. Everything thrown below ends here, as lines on standard error.
 * @param args without the program's name, e.g. `["podcidr", "-o", "json"]`.
 * @param calledAs the program's name as it was called; `headcni-daemon` stands for `headcni daemon`
 */
export async function runCommandLine(args: readonly string[], calledAs?: string): Promise<number> {
  let exitCode: number = exitCodes.ok.code;
  const log = createPlainLog((line) => writeAll(2, line));
  const context = createCliContext(log, (code) => {
    exitCode = code;
  });
  return (await parseCommandLine(context, args, calledAs)) ?? exitCode;
}

/** As `runCommandLine`; undefined when the command ended well and said its exit code to the context, if any. */
export async function parseCommandLine(
  context: CliContext,
  args: readonly string[],
  calledAs = "headcni",
): Promise<number | undefined> {
  const isJson = wantsJson(args);
  try {
    // commander prints the message, or the help, before it throws.
    const program = createProgram(context, { calledAs, ...(isJson ? { writeErr: () => undefined } : {}) });
    if (args[0] === "__complete") {
      printCandidates(context, program, args.slice(1));
      return undefined;
    }
    await program.parseAsync(plainForm(program, args, calledAs), { from: "user" });
    return undefined;
  } catch (error) {
    // commander has printed its message by itself; help and version end with code 0.
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return exitCodes.ok.code;
      if (isJson) context.warn(jsonUsageLine(error.message));
      return exitCodes.usage.code;
    }
    context.warn(isJson ? jsonErrorLine(error) : `${errorLines(error).join("\n")}\n`);
    return exitCodeFor(error);
  }
}

/** The command line in the one form commander is given: no `help` command, no name that stands for a command. */
function plainForm(program: Command, args: readonly string[], calledAs: string): string[] {
  const [first, ...rest] = args;
  if (calledAs.startsWith(daemonName)) return first === "-V" || first === "--version" ? [first] : ["daemon", ...args];
  if (first === undefined) return ["--help"];
  const plain = first === "help" ? [...rest, "--help"] : [...args];
  // commander would show the help of the group and end well; a misspelt command is an error whatever follows.
  return isKnownCommand(program, plain) ? plain : plain.filter((arg) => arg !== "-h" && arg !== "--help");
}

function isKnownCommand(program: Command, args: readonly string[]): boolean {
  let command = program;
  for (const arg of args) {
    if (arg.startsWith("-") || command.commands.length === 0) return true;
    const next = command.commands.find((child) => child.name() === arg);
    if (next === undefined) return false;
    command = next;
  }
  return true;
}

/** Whether it only groups commands: those that do something have examples. */
function isGroup(command: Command): boolean {
  return command.commands.length > 0 && examplesOf(command).length === 0;
}

function usage(command: Command, calledAs: string): string {
  const shown = new Help().commandUsage(command);
  // A command that does something by itself needs none below it.
  const text = isGroup(command) ? shown.replace("[options] [command]", "<command> [options]") : shown;
  return calledAs.startsWith(daemonName) ? text.replace("headcni daemon", daemonName) : text;
}
