// Carries out what the plan says to bring back what tailscaled lost. The second half is on disk before the first is done: a daemon that
// is killed between them finishes it at its next start.

import type { Condition } from "../../agent/conditions.ts";
import type { RecordMetric } from "../../agent/metrics.ts";
import { throwIfStopping } from "../../agent/reconciler.ts";
import { stateDir } from "../../node-state/names.ts";
import { expected } from "../../sys/errors.ts";
import { join } from "../../sys/fs/path.ts";
import { printJson, tryParseJsonObject } from "../../sys/json.ts";
import { HttpError } from "../../sys/net/http-error.ts";
import type { System } from "../../sys/system.ts";
import type { TailnetDamage } from "../../tailnet/tailnet-damage.ts";
import { condition } from "../conditions.ts";
import { connectLocalApi, type LocalApi } from "../local-api/local-api.ts";
import type { PrefsEdit, TailscalePrefs } from "../local-api/tailscale-prefs.ts";
import { tailscaleMetrics } from "../metrics.ts";
import { type DamagedPart, type HealMemory, planHeal } from "./heal-plan.ts";

/** Holds the second half of a change, with the socket of the tailscaled it is about. */
export const toggleFile = join(stateDir, "tailscale-toggle.json");

export interface Healed {
  readonly conditions: readonly Condition[];
  readonly retryAfterMs: number | undefined;
}

export interface HealOptions {
  readonly damage: TailnetDamage | undefined;
  /** Whether packets say that no other node is in reach, or takes any more what this node's pods send. */
  readonly isShutOut: boolean;
  readonly prefs: TailscalePrefs;
  /** Whether the node may be taken off the tailnet for a moment. */
  readonly mayReconnect: boolean;
}

export interface Healer {
  /** @throws HttpError when tailscaled does not answer; HC_FILE_WRITE when the second half cannot be recorded */
  heal(api: LocalApi, options: HealOptions, signal: AbortSignal): Promise<Healed>;
}

export function createHealer({ clock, files, log }: System, record: RecordMetric): Healer {
  let memory: HealMemory = {};
  return {
    heal: async (api, options, signal) => {
      const { damage } = options;
      const plan = planHeal({ ...options, memory, nowMs: clock.monotonicMs() });
      memory = plan.memory;
      const { toggle, retryAfterMs } = plan;
      if (toggle !== undefined) {
        const { part, first, second } = toggle;
        files.makeDir(stateDir);
        files.writeAtomic(toggleFile, printJson({ version: 1, socket: api.socket, ...second }), { mode: 0o600 });
        if (!(await tryFirst(api, first, signal))) {
          files.remove(toggleFile);
          const isDamaged = damage !== undefined && part !== "membership";
          return { conditions: isDamaged ? [condition("TailscaledDamaged", damage)] : [], retryAfterMs };
        }
        await finishToggle({ files }, api, signal);
        log.warn("TailscaledHealed", messageOf(part), { first, second });
        record(tailscaleMetrics.heals, 1, { part });
      }
      const isLasting = damage !== undefined && plan.isLasting;
      return { conditions: isLasting ? [condition("TailscaledDamaged", damage)] : [], retryAfterMs };
    },
  };
}

function messageOf(part: DamagedPart): string {
  return part === "membership"
    ? "Had tailscaled ask the control server anew: no other node was in reach, or none took any more what this node's pods send"
    : `Had tailscaled write its ${part} anew: something had removed them`;
}

/** @returns false for a change that tailscaled refuses */
async function tryFirst(api: LocalApi, edit: PrefsEdit, signal: AbortSignal): Promise<boolean> {
  try {
    await api.editPrefs(edit, signal);
    return true;
  } catch (error) {
    expected(error);
    throwIfStopping(signal);
    if (!(error instanceof HttpError) || error.status === undefined) throw error;
    return false;
  }
}

/** Does the second half that an earlier daemon, or an earlier step, left undone. @throws HttpError when tailscaled does not answer */
export async function finishToggle(system: Pick<System, "files">, api: LocalApi, signal: AbortSignal): Promise<void> {
  const left = readLeftToggle(system);
  if (left === undefined) return;
  if (left.socket === api.socket) await api.editPrefs(left.edit, signal);
  system.files.remove(toggleFile);
}

/** The same without a connection, for a daemon that is taken out. @throws HttpError when tailscaled does not answer */
export async function finishLeftToggle(system: System, signal: AbortSignal): Promise<void> {
  const left = readLeftToggle(system);
  if (left === undefined) return;
  using api = await connectLocalApi(system, left.socket);
  await finishToggle(system, api, signal);
}

/** The second half of a change that was not made yet, with the socket of the tailscaled it is about. */
export function readLeftToggle({
  files,
}: Pick<System, "files">): { readonly socket: string; readonly edit: PrefsEdit } | undefined {
  const bytes = files.readIfPresent(toggleFile, 4096);
  if (bytes === undefined) return undefined;
  const {
    socket = "",
    netfilterMode,
    routeAll,
    wantRunning,
  } = tryParseJsonObject(new TextDecoder().decode(bytes)) ?? {};
  return {
    socket: String(socket),
    edit: {
      ...(typeof netfilterMode === "number" ? { netfilterMode } : {}),
      ...(typeof routeAll === "boolean" ? { routeAll } : {}),
      ...(typeof wantRunning === "boolean" ? { wantRunning } : {}),
    },
  };
}
