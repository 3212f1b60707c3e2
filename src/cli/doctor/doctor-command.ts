// `headcni doctor`: what is wrong with this node, and what mends it.

import type { Command } from "commander";
import { printJson } from "../../sys/json.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import { addExamples, configOption, nodeNameOption, outputOption, rootOption } from "../options.ts";
import { renderReport } from "./render-report.ts";

interface DoctorFlags {
  readonly output: string;
  readonly config?: string;
  readonly nodeName?: string;
  readonly root?: string;
}

export function addDoctorCommand(program: Command, context: CliContext): void {
  const doctor = program
    .command("doctor")
    .description(
      "find what is wrong with this node and say what mends it; changes nothing, ends with 1 when a check failed",
    )
    .addOption(configOption())
    .addOption(nodeNameOption())
    .addOption(outputOption())
    .addOption(rootOption())
    .action((flags: DoctorFlags) => doctorCommand(context, flags));
  addExamples(
    doctor,
    "headcni doctor",
    "headcni doctor -o json | jq '.checks[] | select(.status == \"failed\")'",
    "headcni doctor --root /mnt/node",
  );
}

async function doctorCommand(context: CliContext, { output, root, ...flags }: DoctorFlags): Promise<void> {
  const [{ examine }, { runChecks }] = await Promise.all([
    import("../../doctor/examination.ts"),
    import("../../doctor/run-checks.ts"),
  ]);
  const { terminal } = context;
  const node = examine(context.system(root), flags, new AbortController().signal);
  const onProgress = (done: number, all: number): void => terminal.progress(`${done} of ${all} checks`);
  const report = await runChecks(node, { onProgress });
  terminal.progress(undefined);
  context.print(output === "json" ? printJson(report) : renderReport(report, terminal));
  if (!report.healthy) context.exit(exitCodes.negative.code);
}
