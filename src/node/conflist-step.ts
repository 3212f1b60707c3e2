// Puts the wanted conflist in place and turns whatever keeps it from being in force into a condition.

import type { Condition } from "../agent/conditions.ts";
import { afterRepair, calmPace, paceAt, type RepairPace, waitBeforeRepairMs } from "../agent/repair-pace.ts";
import type { Config } from "../config/config.ts";
import {
  backupsFailure,
  type InstallReport,
  installConflist,
  type MovedFile,
} from "../conflist/install/install-conflist.ts";
import type { InstallReason } from "../conflist/install/install-diff.ts";
import { type RecoverConflistOptions, recoverConflist } from "../conflist/ledger/recover.ts";
import { findPreferred, type Preferred } from "../conflist/precedence.ts";
import { type ConflistSpec, renderConflist } from "../conflist/render.ts";
import { lostPlugins } from "../conflist/replaced-network.ts";
import { validateConflist } from "../conflist/validate/validate.ts";
import { conflistFileName } from "../node-state/names.ts";
import { readNodePrograms } from "../programs/node-programs.ts";
import type { AskVersions } from "../spec/remember-versions.ts";
import { expected, type HeadcniError } from "../sys/errors.ts";
import { type KnownMounts, lookAtMounts } from "../sys/fs/mounts.ts";
import { join } from "../sys/fs/path.ts";
import { sha256Hex } from "../sys/fs/sha256.ts";
import type { System } from "../sys/system.ts";
import { condition } from "./conditions.ts";

const none: Preferred = { kind: "none" };

/** What became of our conflist in one step. */
export interface ConflistResult {
  /** Our file. */
  readonly path: string;
  /** Whether the runtime reads ours, itself or through a meta-plugin, and it says what it should. */
  readonly isInForce: boolean;
  /** SHA-256 of the content that should be there. */
  readonly sha256: string;
  /** Why it was written; undefined when it was left as it was. */
  readonly written: InstallReason | undefined;
  readonly movedAside: readonly MovedFile[];
}

/** What one step keeps for the next. */
export interface ConflistMemory {
  /** The content last put in force; writing the same again is a repair. */
  readonly sha256: string | undefined;
  readonly pace: RepairPace;
  /** Whether what an interrupted run began is finished and the backups know our file, so that neither is looked at again. */
  readonly isSettled: boolean;
  readonly mounts: KnownMounts;
}

export const firstConflistMemory: ConflistMemory = {
  sha256: undefined,
  pace: calmPace,
  isSettled: false,
  mounts: new Map(),
};

export interface ConflistOutcome {
  readonly result: ConflistResult;
  readonly conditions: readonly Condition[];
  readonly memory: ConflistMemory;
}

export interface ApplyConflistOptions {
  readonly spec: ConflistSpec;
  readonly config: Config;
  readonly memory: ConflistMemory;
  readonly askVersions: AskVersions;
}

interface InstallInput {
  readonly system: System;
  readonly config: Config;
  readonly path: string;
  readonly text: string;
  readonly sha256: string;
  /** Whether the last step put the same in force, so that to write it now is a repair. */
  readonly isRepair: boolean;
  readonly memory: ConflistMemory;
  readonly pace: RepairPace;
  readonly nowMs: number;
}

/**
 * Installs, unless the conflist would not work or a fight with another agent says to wait. Never throws for what the node's disk
 * or plugins refuse. Plugins are looked at each time: one can vanish from under a conflist that is in force.
 */
export async function applyConflist(
  system: System,
  { spec, config, memory, askVersions }: ApplyConflistOptions,
): Promise<ConflistOutcome> {
  const { confDir, binDir, otherConfigs } = config.cni;
  const path = join(confDir, conflistFileName);
  const text = renderConflist(spec);
  const sha256 = sha256Hex(text);
  const nowMs = system.clock.monotonicMs();
  const pace = paceAt(memory.pace, nowMs);
  const { lost, mounts } = lookAtMounts(system, [confDir, binDir], memory.mounts);
  const left = (conditions: readonly Condition[], isInForce = isThere(system, path, sha256)): ConflistOutcome => ({
    result: { path, sha256, isInForce, written: undefined, movedAside: [] },
    conditions: [...conditions, ...contested(path, pace)],
    memory: { ...memory, mounts, pace },
  });
  if (lost.length > 0) return left([condition("MountedFolderGone", { dirs: lost })], false);
  const isRepair = sha256 === memory.sha256;
  try {
    const unrecovered = memory.isSettled ? undefined : await recover(system, { confDir, otherConfigs });
    const problems = await validateConflist(system, text, { binDir, askVersions });
    if (problems.length > 0) return left([condition("ConflistInvalid", { path, problems })]);
    if (isRepair && waitBeforeRepairMs(pace, nowMs) > 0) return left(pluginsLost(system, config));
    const known = { ...memory, mounts };
    return await install({ system, config, path, text, sha256, isRepair, memory: known, pace, nowMs }, unrecovered);
  } catch (error) {
    expected(error);
    return left([condition("ConflistNotWritten", { path, why: error.message, hint: error.hint })]);
  }
}

async function install(input: InstallInput, unrecovered: HeadcniError | undefined): Promise<ConflistOutcome> {
  const { system, config, path, text, sha256, isRepair, memory, pace, nowMs } = input;
  const { confDir, otherConfigs } = config.cni;
  const report = await installConflist(system, text, {
    confDir,
    otherConfigs,
    seesToRecord: !memory.isSettled,
    // It has just been found valid.
    validate: async () => [],
    onStep: (step, detail) => system.log.debug(`Conflist: ${step}`, { detail }),
  });
  logInstall(system, report, input);
  const isChange = report.outcome !== "unchanged" || report.movedAside.length > 0;
  const preferred = report.keptOthers.length === 0 ? none : findPreferred(system, confDir);
  const failed = report.unrecorded ?? unrecovered;
  const paceAfter = isRepair && isChange ? afterRepair(pace, nowMs) : pace;
  return {
    result: {
      path,
      sha256,
      isInForce: preferred.kind !== "in-the-way",
      written: report.outcome === "unchanged" ? undefined : report.reason,
      movedAside: report.movedAside,
    },
    conditions: [
      ...preferredConditions(confDir, preferred),
      ...(preferred.kind === "in-the-way" ? [] : pluginsLost(system, config)),
      ...contested(path, paceAfter),
      ...(failed === undefined
        ? []
        : [condition("BackupsNotWritten", { path, why: failed.message, hint: failed.hint })]),
    ],
    memory: { ...memory, sha256, pace: paceAfter, isSettled: failed === undefined },
  };
}

/** Finishes what an interrupted run began. @returns why that has to wait until the backups can be written */
async function recover(system: System, options: RecoverConflistOptions): Promise<HeadcniError | undefined> {
  try {
    const { removedTemporaries, completedMoves } = await recoverConflist(system, options);
    if (removedTemporaries.length + completedMoves.length > 0)
      system.log.info("InterruptedRunFinished", "Finished what an interrupted run had begun", {
        removedTemporaries,
        completedMoves,
      });
    return undefined;
  } catch (error) {
    return backupsFailure(error);
  }
}

function logInstall(
  { log }: System,
  { outcome, reason, path, movedAside }: InstallReport,
  { isRepair, memory }: InstallInput,
): void {
  for (const { name, aside } of movedAside) {
    log.info("OtherConfigMovedAside", `Moved another CNI's configuration aside: ${name}`, {
      file: name,
      aside,
      restore: "headcni conflist restore",
    });
  }
  const fields = { file: path, outcome, reason };
  if (outcome !== "unchanged") {
    log.info(isRepair ? "ConflistRestored" : "ConflistWritten", `Wrote ${path}: ${reasonWords[reason]}`, fields);
  } else if (memory.sha256 === undefined) log.info("ConflistKept", `Left ${path} ${reasonWords.same}`, fields);
}

const reasonWords: Readonly<Record<InstallReason, string>> = {
  same: "as it was",
  absent: "it was not there",
  content: "its content was another",
  mode: "its mode was another",
  owner: "it belonged to somebody else",
  "not-a-file": "something other than a file was in its place",
};

export function preferredConditions(confDir: string, preferred: Preferred): Condition[] {
  switch (preferred.kind) {
    case "none":
    case "calls-ours":
      return [];
    case "unknown":
      return [condition("MetaPluginUnclear", { confDir, name: preferred.name })];
    case "in-the-way":
      return [condition("OtherConfigPreferred", { confDir, ...preferred })];
  }
}

/** k3s keeps flannel's file in a directory of its own, which its containerd reads only as long as flannel is on. */
export function pluginsLost(system: System, { cni: { confDir, plugins } }: Config): Condition[] {
  const formerDirs = [join(readNodePrograms(system).k3s.dataDir, "agent/etc/cni/net.d")];
  const lost = lostPlugins(system, { confDir, formerDirs, plugins });
  return lost.length === 0 ? [] : [condition("ChainedPluginsLost", { lost })];
}

function contested(path: string, { recentMs, level }: RepairPace): Condition[] {
  return level === 0 ? [] : [condition("ConflistContested", { path, repairs: recentMs.length })];
}

/** Whether the file is there with this content; one that cannot be read is not. */
function isThere({ files, log }: System, path: string, sha256: string): boolean {
  try {
    const bytes = files.readIfPresent(path, 1 << 20);
    return bytes !== undefined && sha256Hex(bytes) === sha256;
  } catch (error) {
    expected(error);
    log.debug(error.message);
    return false;
  }
}
