// `headcni conflist render | diff | validate | install`.

import { recoverConflist } from "../../conflist/backups/recover.ts";
import { unifiedDiff } from "../../conflist/diff.ts";
import { ConflistInvalidError } from "../../conflist/install/conflist-invalid.ts";
import { type InstallReport, installConflist } from "../../conflist/install/install.ts";
import { diffInstall, isInstalled, isOwnedBy, refuseFileInTheWay } from "../../conflist/install/install-diff.ts";
import { conflistMode } from "../../conflist/ledger/perform.ts";
import { lookInForce, octal } from "../../conflist/precedence.ts";
import { validateConflist } from "../../conflist/validate/validate.ts";
import { bridgeName } from "../../node-state/names.ts";
import { type ConflistProblem, problemSentence } from "../../spec/problem.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { createFiles, type Files } from "../../sys/fs/files.ts";
import { dirname } from "../../sys/fs/path.ts";
import { type JsonObject, printJson } from "../../sys/json.ts";
import { printable } from "../../sys/log/printable.ts";
import { absolutePath } from "../../sys/machine.ts";
import type { CliContext } from "../context.ts";
import { exitCodes } from "../exit.ts";
import { renderTable } from "../table.ts";
import type { DryRunFlags, NodeFlags, OutputFlags } from "./conflist-command.ts";
import { findWanted, type NodeFolders, readFolders, type WantedConflist } from "./wanted-conflist.ts";

/** A conflist has some thirty lines; anything of this size is none. */
const maxBytes = 1 << 20;

export async function renderCommand(context: CliContext, flags: NodeFlags): Promise<void> {
  const { text } = await findWanted(context, flags);
  context.print(text);
}

export async function diffCommand(context: CliContext, flags: NodeFlags): Promise<void> {
  const wanted = await findWanted(context, flags);
  const comparison = compare(wanted);
  const { reason, toMoveAside, keptOthers } = comparison;
  if (reason === "not-a-file") {
    context.print(`${wanted.path} is not a regular file and would be replaced by one\n`);
  } else if ((wanted.system.files.lstat(wanted.path)?.sizeBytes ?? 0) > maxBytes) {
    context.print(`${wanted.path} is too large to be a configuration and would be replaced\n`);
  } else if (reason !== "same") {
    const bytes = wanted.system.files.readIfPresent(wanted.path, maxBytes);
    const before = bytes === undefined ? "" : new TextDecoder().decode(bytes);
    const sides = { from: bytes === undefined ? "/dev/null" : wanted.path, to: `${wanted.path} (wanted)` };
    const info = wanted.system.files.lstat(wanted.path);
    if (info !== undefined && info.mode !== conflistMode)
      context.print(`old mode ${octal(info.mode)}\nnew mode ${octal(conflistMode)}\n`);
    const { owner } = wanted.system.files;
    if (info !== undefined && !isOwnedBy(info, owner))
      context.print(`old owner ${info.uid}:${info.gid}\nnew owner ${owner.uid}:${owner.gid}\n`);
    context.print(unifiedDiff(before, wanted.text, sides));
  }
  for (const name of toMoveAside)
    context.print(`${printable(name)} would be moved aside: the runtime prefers it to ours\n`);
  for (const line of keptLines(keptOthers)) context.print(`${line}\n`);
  if (!isInstalled(comparison)) context.exit(exitCodes.negative.code);
}

export async function validateCommand(
  context: CliContext,
  file: string | undefined,
  flags: NodeFlags & OutputFlags,
): Promise<void> {
  const folders = await readFolders(context, flags);
  const { system, loaded } = folders;
  const { binDir } = loaded.config.cni;
  const { path, text } = readConflist(folders, file);
  // Of a file that was named nobody said that it is, or shall be, in force.
  const inForce = file === undefined ? lookInForce(system, loaded.config.cni) : undefined;
  const problems = [...(await validateConflist(system, text, { binDir })), ...(inForce?.problems ?? [])];
  if (problems.length > 0) context.exit(exitCodes.negative.code);
  if (flags.output === "json") {
    const valid = problems.length === 0;
    context.print(
      printJson({ file: path, valid, inForce: inForce?.path, binDir, problems: problems.map(encodeProblem) }),
    );
    return;
  }
  if (problems.length > 0) context.print(`${path} cannot be used:\n${problemTable(problems)}`);
  else context.print(`${path} is valid, and every plugin it calls is in ${binDir}\n`);
  if (inForce !== undefined && inForce.path !== path && problems.length === 0)
    context.print(`${printable(inForce.path)} is in force, not this file (cni.otherConfigs is keep)\n`);
}

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
    const { removedTemporaries, completedMoves } = await recoverConflist(system, { confDir, otherConfigs: others });
    if (flags.verbose === true && removedTemporaries.length + completedMoves.length > 0) {
      context.warn(`recovered: ${printable([...removedTemporaries, ...completedMoves].join(", "))}\n`);
    }
    const report = await installConflist(system, text, {
      confDir,
      otherConfigs: others,
      validate: (rendered) => validateConflist(system, rendered, { binDir }),
      onStep: (step, detail) => {
        if (flags.verbose === true) context.warn(`${step}${detail === "" ? "" : `: ${printable(detail)}`}\n`);
      },
    });
    context.print(
      flags.output === "json" ? printJson(encodeReport(report)) : `PodCIDR ${wanted.podCIDRs}\n${reportLines(report)}`,
    );
    if (wanted.plan.removesBridge) {
      const what = `the bridge ${bridgeName} still has an address of another PodCIDR, so no pod can start`;
      context.warn(`warning: ${what}; headcni-daemon removes it, or type: ip link delete ${bridgeName}\n`);
    }
  } catch (error) {
    if (error instanceof ConflistInvalidError && error.problems.length > 1) context.warn(problemTable(error.problems));
    throw error;
  }
}

async function dryRun(context: CliContext, wanted: WantedConflist, flags: OutputFlags): Promise<void> {
  const { system, loaded, path, text } = wanted;
  const { binDir } = loaded.config.cni;
  const comparison = compare(wanted);
  const { reason, toMoveAside, keptOthers } = comparison;
  const problems = isInstalled(comparison) ? [] : await validateConflist(system, text, { binDir });
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
  if (problems.length > 0) context.print(`It would be refused:\n${problemTable(problems)}`);
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

function keptLines(names: readonly string[]): readonly string[] {
  return names.map((name) => `${printable(name)} stays and is preferred to ours (cni.otherConfigs is keep)`);
}

function compare({ system, loaded, text }: WantedConflist) {
  return diffInstall(system, new TextEncoder().encode(text), loaded.config.cni);
}

/** The file named, under the root first as `--config` is; without one, the file at our name. */
function readConflist(
  { system, path }: NodeFolders,
  file: string | undefined,
): { readonly path: string; readonly text: string } {
  const asked = file === undefined ? path : absolutePath(file);
  const places: readonly Files[] = file === undefined ? [system.files] : [system.files, createFiles("/")];
  for (const files of places) {
    const bytes = files.readIfPresent(asked, maxBytes);
    if (bytes !== undefined) return { path: asked, text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes) };
  }
  if (file === undefined) refuseFileInTheWay(system, dirname(path));
  throw new HeadcniError("HC_FILE_READ", `Cannot validate ${asked}: it does not exist`, {
    hint: file === undefined ? "headcni conflist install writes it" : undefined,
  });
}

function problemTable(problems: readonly ConflistProblem[]): string {
  return renderTable(
    ["where", "what", "remedy"],
    problems.map(({ path, message, hint }) => [path === "" ? "-" : path, message, hint ?? "-"]),
  );
}

function encodeReport({ outcome, reason, path, movedAside, keptOthers }: InstallReport): JsonObject {
  return { outcome, reason, path, movedAside: movedAside.map(({ name, aside }) => ({ name, aside })), keptOthers };
}

function encodeProblem({ path, message, hint }: ConflistProblem): JsonObject {
  return { path, message, hint: hint ?? null, text: problemSentence({ path, message }) };
}
