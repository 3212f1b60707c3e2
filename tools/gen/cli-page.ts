// docs/reference/cli.md: the command tree with its flags and examples.

import type { Argument, Command, Option } from "commander";
import { createCliContext } from "../../src/cli/context.ts";
import { examplesOf } from "../../src/cli/options.ts";
import { createProgram } from "../../src/cli/tree/commands.ts";
import { silentLog } from "../../src/sys/log/log.ts";
import { block, code, page, table } from "./markdown.ts";

export function cliPage(): string {
  const program = createProgram(createCliContext(silentLog, () => undefined));
  return page(
    "Command line",
    `the command tree (${code("src/cli")})`,
    "`headcni help <command>` prints the same. `headcni-daemon` is another name for `headcni daemon`. An unknown command or flag is an error. In a pipe each row of a table is one line without colour; on a terminal tables are broken to its width, and coloured unless `NO_COLOR` is set. What takes longer than a second says so on standard error, where that is a terminal. `-o json` is stable. See also the [exit codes](exit-codes.md).",
    ...program.commands.flatMap((command) => sections(command, ["headcni"])),
  );
}

function sections(command: Command, above: readonly string[]): string[] {
  const path = [...above, command.name()];
  const below = command.commands.flatMap((child) => sections(child, path));
  const name = path.join(" ");
  const heading = `${"#".repeat(path.length)} ${name}`;
  const description = sentence(command.description());
  // A group without examples only groups its commands.
  if (command.commands.length > 0 && examplesOf(command).length === 0) return [heading, description, ...below];
  const usage = block("", `${name}${usageEnd(command)}`);
  const flags = [
    ...command.registeredArguments.map(argumentRow),
    ...command.options.filter(({ hidden }) => !hidden).map(optionRow),
  ];
  const parts = flags.length > 0 ? [table(["", "meaning"], flags)] : [];
  return [heading, description, usage, ...parts, block("sh", examplesOf(command).join("\n")), ...below];
}

function usageEnd(command: Command): string {
  const words = command.registeredArguments.map((argument) => {
    const name = `${argument.name()}${argument.variadic ? "..." : ""}`;
    return argument.required ? ` <${name}>` : ` [${name}]`;
  });
  return `${command.options.length > 0 ? " [options]" : ""}${words.join("")}`;
}

function argumentRow(argument: Argument): string[] {
  return [code(argument.name()), sentence(argument.description)];
}

function optionRow({ flags, description, argChoices, defaultValue }: Option): string[] {
  const choices = argChoices === undefined ? "" : `: ${argChoices.map(code).join(", ")}`;
  const fallback = defaultValue === undefined ? "" : ` (default: ${String(defaultValue)})`;
  return [code(flags), `${sentence(description)}${choices}${fallback}`];
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
