// `headcni version`: what this build is.

import type { Command } from "commander";
import { printJson } from "../sys/json.ts";
import { buildFacts, versionLine } from "../version.ts";
import type { CliContext } from "./context.ts";
import { addExamples, outputOption } from "./options.ts";

export function addVersionCommand(program: Command, context: CliContext): void {
  const version = program
    .command("version")
    .description("print version, commit, runtime and platform")
    .addOption(outputOption(["text", "json"]))
    .action(({ output }: { readonly output: string }) => {
      context.print(output === "json" ? printJson({ ...buildFacts() }) : `${versionLine()}\n`);
    });
  addExamples(version, "headcni version", "headcni version -o json");
}
