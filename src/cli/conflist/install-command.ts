// `headcni conflist install`.

import {
  backupsFailure,
  ConflistInvalidError,
  type InstallReport,
  installConflist,
} from "../../conflist/install/install-conflist.ts";
import { isInstalled } from "../../conflist/install/install-diff.ts";
import { conflistMode } from "../../conflist/ledger/perform.ts";
import { recoverConflist } from "../../conflist/ledger/recover.ts";
import { validateConflist } from "../../conflist/validate/validate.ts";
import { bridgeName } from "../../node-state/names.ts";
import { octal } from "../../sys/fs/octal.ts";
import { type JsonObject, printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import type { DryRunFlags, NodeFlags, OutputFlags } from "./conflist-flags.ts";
import { encodeProblem, keptLines, problemTable } from "./shared-output.ts";
import { diffWanted, findWanted, type WantedConflist } from "./wanted-conflist.ts";

export async function installCommand(
  context: CliContext,
  flags: NodeFlags & OutputFlags & DryRunFlags & { readonly verbose?: boolean },
): Promise<void> {
  const wanted = await findWanted(context, flags);
  if (flags.dryRun === true) {
    await dryRun(context, wanted, flags);
    return;
  }
  const { system, loaded, text } = wanted;
  const { confDir, binDir, otherConfigs: others } = loaded.config.cni;
  try {
    const recovered = await recover(wanted);
    if (flags.verbose === true && recovered.length > 0) context.warn(`recovered: ${printable(recovered.join(", "))}\n`);
    const report = await installConflist(system, text, {
      confDir,
      otherConfigs: others,
      seesToRecord: true,
      validate: (rendered) => validateConflist(system, rendered, { binDir }),
      onStep: (step, detail) => {
        if (flags.verbose === true) context.warn(`${step}${detail === "" ? "" : `: ${printable(detail)}`}\n`);
      },
    });
    context.print(
      flags.output === "json" ? printJson(encodeReport(report)) : `PodCIDR ${wanted.podCIDRs}\n${reportLines(report)}`,
    );
    if (report.unrecorded !== undefined) {
      const what = `${report.path} is in force but not recorded, so \`headcni conflist restore\` may leave it`;
      context.warn(`warning: ${what}: ${printable(report.unrecorded.message)}\n`);
    }
    if (wanted.plan.removesBridge) {
      const what = `the bridge ${bridgeName} still has an address of another PodCIDR, so no pod can start`;
      context.warn(`warning: ${what}; headcni-daemon removes it, or type: ip link delete ${bridgeName}\n`);
    }
  } catch (error) {
    // As JSON, the error has them.
    if (flags.output !== "json" && error instanceof ConflistInvalidError && error.issues.length > 1)
      context.warn(problemTable(error.issues));
    throw error;
  }
}

/** Finishes what an interrupted run began, as far as the backups can be written. @returns the names it concerns */
async function recover({ system, loaded }: WantedConflist): Promise<readonly string[]> {
  const { confDir, otherConfigs } = loaded.config.cni;
  try {
    const { removedTemporaries, completedMoves } = await recoverConflist(system, { confDir, otherConfigs });
    return [...removedTemporaries, ...completedMoves];
  } catch (error) {
    // The installation says so if anything comes of it.
    backupsFailure(error);
    return [];
  }
}

async function dryRun(context: CliContext, wanted: WantedConflist, flags: OutputFlags): Promise<void> {
  const { system, loaded, path, text } = wanted;
  const { binDir } = loaded.config.cni;
  const diff = diffWanted(wanted);
  const { reason, toMoveAside, keptOthers } = diff;
  const problems = isInstalled(diff) ? [] : await validateConflist(system, text, { binDir });
  if (problems.length > 0) context.exit(exitCodes.negative.code);
  if (flags.output === "json") {
    context.print(printJson({ path, reason, toMoveAside, keptOthers, problems: problems.map(encodeProblem) }));
    return;
  }
  const ours = reason === "same" ? `${path} is as it should be` : `Would write ${path} (${reasonWords[reason]})`;
  const lines = [
    `PodCIDR ${wanted.podCIDRs}`,
    ours,
    ...toMoveAside.map((name) => `Would move ${printable(name)} aside`),
  ];
  context.print(`${[...lines, ...keptLines(keptOthers)].join("\n")}\n`);
  if (problems.length > 0) context.print(`It would be refused:\n${problemTable(problems, context.terminal)}`);
}

const reasonWords = {
  same: "as it should be",
  absent: "new file",
  content: "new content",
  mode: `mode ${octal(conflistMode)}`,
  owner: "owner",
  "not-a-file": "in place of what is no regular file",
} as const satisfies Record<InstallReport["reason"], string>;

function reportLines({ outcome, reason, path, movedAside, keptOthers }: InstallReport): string {
  const ours = outcome === "unchanged" ? `${path} is as it should be` : `Wrote ${path} (${reasonWords[reason]})`;
  const moved = movedAside.map(({ name, aside }) => `Moved ${printable(name)} aside as ${printable(aside)}`);
  return `${[ours, ...moved, ...keptLines(keptOthers)].join("\n")}\n`;
}

function encodeReport({ outcome, reason, path, movedAside, keptOthers, unrecorded }: InstallReport): JsonObject {
  const moved = movedAside.map(({ name, aside }) => ({ name, aside }));
  return { outcome, reason, path, movedAside: moved, keptOthers, unrecorded: unrecorded?.message ?? null };
}
