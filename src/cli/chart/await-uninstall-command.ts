// `headcni chart await-uninstall`: the Job that `helm uninstall` waits for. It ends well once every node is as it was before.

import type { Command } from "commander";
import type { NodeReport, UninstallProgress } from "../../kubernetes/uninstall-progress.ts";
import { printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import { addExamples, outputOption, readSeconds } from "../options.ts";

interface AwaitUninstallFlags {
  readonly namespace: string;
  /** Seconds. */
  readonly timeout: number;
  readonly thenDelete?: string;
  readonly output: string;
}

export function addAwaitUninstallCommand(chart: Command, context: CliContext): void {
  const wait = chart
    .command("await-uninstall")
    .description(
      "wait until every node's pod of the DaemonSet headcni-uninstall is done; ends with 1 naming the others",
    )
    .option("--namespace <name>", "where the DaemonSet is", "kube-system")
    .option("--timeout <seconds>", "how long to wait for nodes", readSeconds, 120)
    .option("--then-delete <name>", "DaemonSet to delete at the end")
    .addOption(outputOption())
    .action((flags: AwaitUninstallFlags) => awaitUninstallCommand(context, flags));
  addExamples(wait, "headcni chart await-uninstall --timeout 60");
}

async function awaitUninstallCommand(context: CliContext, flags: AwaitUninstallFlags): Promise<void> {
  const { awaitUninstall } = await import("../../kubernetes/await-uninstall.ts");
  const { namespace, thenDelete } = flags;
  const progress = await awaitUninstall(context.system(), { namespace, timeoutMs: flags.timeout * 1000, thenDelete });
  const { done, left, pending } = progress;
  if (left.length + pending.length > 0) context.exit(exitCodes.negative.code);
  context.print(
    flags.output === "json" ? printJson({ done, left: plain(left), pending: plain(pending) }) : shown(progress),
  );
}

/** A line a node that needs a hand. */
function shown({ done, left, pending }: UninstallProgress): string {
  return [
    `HeadCNI is gone from ${done.length} node${done.length === 1 ? "" : "s"}`,
    ...left.map(({ node, why }) => `${node}: ${indented(why)}`),
    ...pending.map(
      ({ node, why }) => `${node} is not done: ${indented(why)}. Once that is mended, install and uninstall again`,
    ),
    "",
  ].join("\n");
}

/** The first line as it is: what a container says last can have many. */
function indented(why: string): string {
  return why.split("\n").map(printable).join("\n  ");
}

function plain(reports: readonly NodeReport[]) {
  return reports.map(({ node, why }) => ({ node, why }));
}
