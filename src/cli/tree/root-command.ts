// The program that all commands hang on: how it prints, and what its help says of usage.

import { Command, Help } from "commander";
import { versionLine } from "../../version.ts";
import type { CliContext } from "../context.ts";
import { usageHint } from "../exit.ts";
import { examplesOf } from "../options.ts";

/** The name by which the program is the daemon and nothing else. */
export const daemonName = "headcni-daemon";

export interface RootCommandOptions {
  /** The name the help shows for the daemon. */
  readonly calledAs?: string;
  /** Takes what commander says of a wrong command line. */
  readonly writeErr?: (text: string) => void;
}

/** `headcni` without any command. */
export function createRootCommand(
  context: CliContext,
  { calledAs = "headcni", writeErr = context.warn }: RootCommandOptions = {},
): Command {
  return (
    new Command("headcni")
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
      .exitOverride()
  );
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
