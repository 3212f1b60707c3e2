// `headcni conflist render | diff | validate | install`.

import { compareFolder, conflistMode, isOwnedBy, isSettled } from "../conflist/compare.ts";
import { unifiedDiff } from "../conflist/diff.ts";
import { ConflistInvalidError, problemSentence } from "../conflist/failure.ts";
import { installConflist } from "../conflist/install.ts";
import { type JsonObject, printJson } from "../conflist/json.ts";
import { bridgeName } from "../conflist/names.ts";
import { otherConfigs } from "../conflist/others.ts";
import { recoverConflist } from "../conflist/recover.ts";
import type { ConflistProblem, InstallReport } from "../conflist/report.ts";
import { validateConflist } from "../conflist/validate.ts";
import { HeadcniError } from "../sys/errors.ts";
import { createFiles, type Files } from "../sys/files.ts";
import { join } from "../sys/path.ts";
import { absolutePath } from "../sys/system.ts";
import type { DryRunFlags, NodeFlags, OutputFlags } from "./conflist.ts";
import type { CliContext } from "./context.ts";
import { exitCodes } from "./exit.ts";
import { renderTable } from "./table.ts";
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
  const { reason, toMoveAside } = comparison;
  if (reason === "not-a-file") {
    context.print(`${wanted.path} is not a regular file and would be replaced by one\n`);
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
  for (const name of toMoveAside) context.print(`${name} would be moved aside: the runtime prefers it to ours\n`);
  if (!isSettled(comparison)) context.exit(exitCodes.negative.code);
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
  const problems = await validateConflist(system, text, { binDir });
  if (file === undefined) warnOfPreferred(context, folders);
  if (problems.length > 0) context.exit(exitCodes.negative.code);
  if (flags.output === "json") {
    context.print(
      printJson({ file: path, valid: problems.length === 0, binDir, problems: problems.map(encodeProblem) }),
    );
  } else if (problems.length === 0) {
    context.print(`${path} is valid, and every plugin it calls is in ${binDir}\n`);
  } else {
    context.print(`${path} cannot be used:\n${problemTable(problems)}`);
  }
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
      context.warn(`recovered: ${[...removedTemporaries, ...completedMoves].join(", ")}\n`);
    }
    const report = await installConflist(system, text, {
      confDir,
      otherConfigs: others,
      validate: (rendered) => validateConflist(system, rendered, { binDir }),
      onStep: (step, detail) => {
        if (flags.verbose === true) context.warn(`${step}${detail === "" ? "" : `: ${detail}`}\n`);
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
  const problems = isSettled(comparison) ? [] : await validateConflist(system, text, { binDir });
  if (problems.length > 0) context.exit(exitCodes.negative.code);
  if (flags.output === "json") {
    context.print(printJson({ path, reason, toMoveAside, keptOthers, problems: problems.map(encodeProblem) }));
    return;
  }
  const ours = reason === "same" ? `${path} is as it should be` : `Would write ${path} (${reasonWords[reason]})`;
  const lines = [`PodCIDR ${wanted.podCIDRs}`, ours, ...toMoveAside.map((name) => `Would move ${name} aside`)];
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
  const moved = movedAside.map(({ name, aside }) => `Moved ${name} aside as ${aside}`);
  return `${[ours, ...moved, ...keptLines(keptOthers)].join("\n")}\n`;
}

function keptLines(names: readonly string[]): readonly string[] {
  return names.map((name) => `${name} stays and is preferred to ours (cni.otherConfigs is keep)`);
}

function compare({ system, loaded, text }: WantedConflist) {
  return compareFolder(system, new TextEncoder().encode(text), loaded.config.cni);
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
  throw new HeadcniError("HC_FILE_READ", `Cannot validate ${asked}: it does not exist`, {
    hint: file === undefined ? "headcni conflist install writes it" : undefined,
  });
}

/** A valid file is of no use while the runtime takes another one. */
function warnOfPreferred(context: CliContext, { system, loaded }: NodeFolders): void {
  const { confDir } = loaded.config.cni;
  for (const other of otherConfigs(system, confDir).filter(({ isPreferred }) => isPreferred)) {
    const broken = other.problem === undefined ? "" : `, and it ${other.problem}`;
    context.warn(`warning: the runtime takes ${join(confDir, other.name)} before it${broken}\n`);
  }
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

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}
