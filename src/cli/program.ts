// The command line from its words to an exit code. The daemon is built by itself: a node starts it without the other commands, whose
// modules and options would take a twentieth of its first step.

import { type Command, CommanderError } from "commander";
import { createPlainLog } from "../sys/log/log.ts";
import { writeAll } from "../sys/process/stdio.ts";
import { type CliContext, createCliContext } from "./context.ts";
import { addDaemonCommand } from "./daemon-command.ts";
import { errorLines, exitCodeFor, exitCodes } from "./exit.ts";
import { jsonErrorLine, jsonUsageLine, wantsJson } from "./json-error.ts";
import { createRootCommand, daemonName, type RootCommandOptions } from "./tree/root-command.ts";

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
    if (args[0] === "__complete") {
      (await import("./tree/commands.ts")).printCompletions(context, args.slice(1));
      return undefined;
    }
    const program = await programFor(context, { args, calledAs, ...(isJson ? { writeErr: () => undefined } : {}) });
    using busy = new DisposableStack();
    program.hook("preAction", (_program, command) => {
      // Those that answer; the others stay, or print at once.
      if (hasOutput(command)) busy.use(context.terminal.busy(commandPath(command)));
    });
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

/** With the daemon alone where the words are its own. */
async function programFor(
  context: CliContext,
  { args, ...options }: RootCommandOptions & { readonly args: readonly string[] },
): Promise<Command> {
  if (options.calledAs?.startsWith(daemonName) !== true && args[0] !== "daemon") {
    return (await import("./tree/commands.ts")).createProgram(context, options);
  }
  const program = createRootCommand(context, options);
  addDaemonCommand(program, context);
  return program;
}

function hasOutput(command: Command): boolean {
  return command.options.some(({ long }) => long === "--output");
}

function commandPath(command: Command): string {
  return command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`;
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
