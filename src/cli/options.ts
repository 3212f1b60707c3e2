// Flags that mean the same at every command.

import { type Command, InvalidArgumentError, Option } from "commander";
import { type LogLevel, logLevels } from "../sys/log/log.ts";

/** `-o table|json`, or the formats a command has beside; the first is the default. */
export function outputOption(formats: readonly string[] = ["table", "json"]): Option {
  return new Option("-o, --output <format>", "how to print").choices([...formats]).default(formats[0]);
}

export function configOption(): Option {
  return new Option("--config <file>", "configuration file (default: $HEADCNI_CONFIG, else /etc/headcni/config.yaml)");
}

export function rootOption(): Option {
  return new Option(
    "--root <folder>",
    'folder that plays the node\'s "/": every path is taken under it (default: $HEADCNI_ROOT, else /)',
  );
}

export function nodeNameOption(): Option {
  return new Option(
    "--node-name <name>",
    "Kubernetes name of this node (default: what the configuration or machine says)",
  );
}

/** The value of a flag that takes seconds. */
export function readSeconds(text: string): number {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a number of seconds, up to 99999.");
}

const examples = new WeakMap<Command, readonly string[]>();

/** Shows command lines under a command's help and on its page in the reference. */
export function addExamples(command: Command, ...lines: readonly string[]): void {
  examples.set(command, lines);
  command.addHelpText("after", `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}

export function examplesOf(command: Command): readonly string[] {
  return examples.get(command) ?? [];
}

/** What the options of what stays and logs are read as. */
export interface LogFlags {
  readonly logLevel?: LogLevel;
  readonly logFormat?: "auto" | "json" | "pretty";
}

export function logLevelOption(): Option {
  return new Option("--log-level <level>", "least severe lines to log (default: logging.level)").choices(logLevels);
}

export function logFormatOption(): Option {
  const meaning = "auto is pretty on a terminal, else json (default: logging.format)";
  return new Option("--log-format <format>", meaning).choices(["auto", "json", "pretty"]);
}
