// Puts the wanted conflist in place and turns whatever keeps it from being in force into a condition.

import type { Config } from "../config/config.ts";
import { installConflist } from "../conflist/install.ts";
import { conflistFileName } from "../conflist/names.ts";
import { type RecoverReport, recoverConflist } from "../conflist/recover.ts";
import { type ConflistSpec, renderConflist } from "../conflist/render.ts";
import type { ConflistProblem, InstallOptions, InstallReport } from "../conflist/report.ts";
import { validateConflist } from "../conflist/validate.ts";
import { HeadcniError } from "../sys/errors.ts";
import { sha256Hex } from "../sys/hash.ts";
import { join } from "../sys/path.ts";
import type { System } from "../sys/system.ts";
import { type Condition, condition } from "./conditions.ts";
import { afterRepair, calmPace, paceAt, type RepairPace, waitBeforeRepairMs } from "./repair-pace.ts";
import type { ConflistResult } from "./report.ts";

/** What one pass leaves for the next. */
export interface ConflistMemory {
  /** The content last put in force; writing the same again is a repair. */
  readonly sha256: string | undefined;
  readonly pace: RepairPace;
}

export const firstConflistMemory: ConflistMemory = { sha256: undefined, pace: calmPace };

export interface ConflistOutcome {
  readonly result: ConflistResult;
  readonly conditions: readonly Condition[];
  readonly memory: ConflistMemory;
}

export interface ConflistWish {
  readonly spec: ConflistSpec;
  readonly config: Config;
}

/**
 * Installs, unless the conflist would not work or a fight with another agent says to wait. Never throws for what the node's disk
 * or plugins refuse. Plugins are asked each time: one can vanish from under a conflist that is in force.
 */
export async function applyConflist(
  system: System,
  wish: ConflistWish,
  memory: ConflistMemory,
): Promise<ConflistOutcome> {
  const { confDir, binDir, otherConfigs } = wish.config.cni;
  const path = join(confDir, conflistFileName);
  const text = renderConflist(wish.spec);
  const sha256 = sha256Hex(text);
  const nowMs = system.clock.monotonicMs();
  const pace = paceAt(memory.pace, nowMs);
  const isSameWish = sha256 === memory.sha256;
  const waits = isSameWish && waitBeforeRepairMs(pace, nowMs) > 0;
  try {
    if (memory.sha256 === undefined) logRecovery(system, await recoverConflist(system, { confDir, otherConfigs }));
    const problems = await validateConflist(system, text, { binDir });
    if (problems.length > 0 || waits) {
      const result = { path, sha256, isInForce: isThere(system, path, sha256), written: undefined, movedAside: [] };
      return {
        result,
        conditions: [...invalid(path, problems), ...contested(path, pace)],
        memory: { ...memory, pace },
      };
    }
    const onStep: InstallOptions["onStep"] = (step, detail) => system.log.debug(`Conflist: ${step}`, { detail });
    const validate = async (): Promise<typeof problems> => problems;
    const report = await installConflist(system, text, { confDir, otherConfigs, validate, onStep });
    logInstall(system, report);
    const isChange = report.outcome !== "unchanged" || report.movedAside.length > 0;
    const paceAfter = isSameWish && isChange ? afterRepair(pace, nowMs) : pace;
    return {
      result: {
        path,
        sha256,
        isInForce: report.keptOthers.length === 0,
        written: report.outcome === "unchanged" ? undefined : report.reason,
        movedAside: report.movedAside,
      },
      conditions: [...preferred(wish.config, report), ...contested(path, paceAfter)],
      memory: { sha256, pace: paceAfter },
    };
  } catch (error) {
    const result = { path, sha256, isInForce: false, written: undefined, movedAside: [] };
    return { result, conditions: [notWritten(path, error)], memory: { ...memory, pace } };
  }
}

function logRecovery({ log }: System, { removedTemporaries, completedMoves }: RecoverReport): void {
  if (removedTemporaries.length + completedMoves.length === 0) return;
  log.info("Finished what an interrupted run had begun", { removedTemporaries, completedMoves });
}

function logInstall({ log }: System, { outcome, reason, path, movedAside }: InstallReport): void {
  for (const { name, aside } of movedAside) {
    log.info(`Moved another CNI's configuration aside: ${name}`, { name, aside, restore: "headcni conflist restore" });
  }
  if (outcome !== "unchanged") log.info(`Wrote ${path}`, { outcome, reason });
}

function preferred({ cni }: Config, { keptOthers }: InstallReport): Condition[] {
  if (keptOthers.length === 0) return [];
  return [condition("OtherConfigPreferred", { confDir: cni.confDir, names: keptOthers })];
}

function contested(path: string, { recentMs, level }: RepairPace): Condition[] {
  return level === 0 ? [] : [condition("ConflistContested", { path, repairs: recentMs.length })];
}

function invalid(path: string, problems: readonly ConflistProblem[]): Condition[] {
  return problems.length === 0 ? [] : [condition("ConflistInvalid", { path, problems })];
}

function notWritten(path: string, error: unknown): Condition {
  if (!(error instanceof HeadcniError)) throw error;
  return condition("ConflistNotWritten", { path, why: error.message, hint: error.hint });
}

/** Whether the file is there with this content; one that cannot be read is not. */
function isThere({ files, log }: System, path: string, sha256: string): boolean {
  try {
    const bytes = files.readIfPresent(path, 1 << 20);
    return bytes !== undefined && sha256Hex(bytes) === sha256;
  } catch (error) {
    if (!(error instanceof HeadcniError)) throw error;
    log.debug(error.message);
    return false;
  }
}
