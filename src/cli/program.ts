// The command tree. Each command lives in a file of its own and loads its domain only when it runs.

import { Command, CommanderError } from "commander";
import { createPlainLog } from "../sys/log.ts";
import { writeAll } from "../sys/stdio.ts";
import { versionLine } from "../version.ts";
import { type CliContext, createCliContext } from "./context.ts";
import { errorLines, exitCodeFor, exitCodes } from "./exit.ts";

/** Builds `headcni` with every command. */
export function createProgram(context: CliContext): Command {
  const program = new Command("headcni")
    .description("Kubernetes pod networking over Tailscale and Headscale")
    .version(versionLine(), "-V, --version", "print version, commit and runtime")
    .helpCommand(false)
    .showHelpAfterError("(run with --help for the flags)")
    .configureOutput({ writeOut: context.print, writeErr: context.warn })
    .exitOverride();
  return program;
}

/**
 * Runs the command line and gives its exit code. Everything thrown below ends here, as lines on standard error.
 * @param args without the program's name, e.g. `["podcidr", "-o", "json"]`.
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode: number = exitCodes.ok.code;
  const log = createPlainLog((line) => writeAll(2, line));
  const context = createCliContext(log, (code) => {
    exitCode = code;
  });
  try {
    await createProgram(context).parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    // commander has printed its message by itself; help and version end with code 0.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : exitCodes.usage.code;
    context.warn(`${errorLines(error).join("\n")}\n`);
    return exitCodeFor(error);
  }
}
