// `headcni doctor`: what is wrong with this node, and what mends it.

import type { Command } from "commander";
import type { Examination } from "../../doctor/examination.ts";
import type { DoctorDocument } from "../../doctor/run-checks.ts";
import { createFiles } from "../../sys/fs/files.ts";
import { printJson } from "../../sys/json.ts";
import { absolutePath } from "../../sys/machine.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import { addExamples, configOption, nodeNameOption, outputOption, rootOption } from "../options.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { renderReport } from "./render-report.ts";

interface DoctorFlags {
  readonly output: string;
  readonly config?: string;
  readonly nodeName?: string;
  readonly root?: string;
  /** Path of the archive, as the person at the shell means it. */
  readonly bundle?: string;
}

export function addDoctorCommand(program: Command, context: CliContext): void {
  const doctor = program
    .command("doctor")
    .description(
      "find what is wrong with this node and say what mends it; changes nothing, ends with 1 when a check failed",
    )
    .option("--bundle <file>", "write what a bug report needs into this .tar.gz too, without keys and tokens")
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
    "headcni doctor --bundle headcni-bundle.tar.gz",
  );
}

async function doctorCommand(context: CliContext, { output, root, bundle, ...flags }: DoctorFlags): Promise<void> {
  const [{ examine }, { runChecks }] = await Promise.all([
    import("../../doctor/examination.ts"),
    import("../../doctor/run-checks.ts"),
  ]);
  const { terminal } = context;
  const node = examine(context.system(root), flags, new AbortController().signal);
  const onProgress = (done: number, all: number): void => terminal.progress(`${done} of ${all} checks`);
  const report = await runChecks(node, { onProgress });
  terminal.progress(undefined);
  // Before the archive, which may be refused: the report has taken its time.
  context.print(output === "json" ? printJson(report) : renderReport(report, terminal));
  if (bundle !== undefined) {
    const written = await writeBundle({ node, report, file: bundle }, terminal);
    terminal.progress(undefined);
    if (output !== "json") context.print(written);
  }
  if (!report.healthy) context.exit(exitCodes.negative.code);
}

interface WriteBundleOptions {
  readonly node: Examination;
  readonly report: DoctorDocument;
  readonly file: string;
}

/** @returns the line that says so. @throws HeadcniError HC_FILE_WRITE */
async function writeBundle({ node, report, file }: WriteBundleOptions, terminal: Terminal): Promise<string> {
  const { packBundle } = await import("../../doctor/bundle/bundle.ts");
  terminal.progress("packing");
  const { bytes, names } = await packBundle(node, report);
  // The file is the person's, not the node's: `--root` does not move it.
  createFiles("/").writeAtomic(absolutePath(file), bytes, { mode: 0o600 });
  return `\nWrote ${file}: ${names.length} files without keys and tokens; look through it before you send it\n`;
}
