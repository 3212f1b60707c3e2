// Brings tailscaled's prefs to what the plan says, and back: the record is on disk before each change. What tailscaled refuses, or a
// policy of the node takes back, is said and tried again with growing pauses.

import { type Condition, failureOf } from "../../agent/conditions.ts";
import type { RecordMetric } from "../../agent/metrics.ts";
import { throwIfStopping } from "../../agent/reconciler.ts";
import type { Prefix } from "../../cidr/prefix.ts";
import { createBackoff } from "../../sys/backoff.ts";
import { expected } from "../../sys/errors.ts";
import type { Files } from "../../sys/fs/files.ts";
import { HttpError } from "../../sys/net/http-error.ts";
import type { System } from "../../sys/system.ts";
import { condition } from "../conditions.ts";
import { describeRefusal } from "../local-api/api-refusal.ts";
import { connectLocalApi, type LocalApi } from "../local-api/local-api.ts";
import type { PrefsEdit, TailscalePrefs } from "../local-api/tailscale-prefs.ts";
import { tailscaleMetrics } from "../metrics.ts";
import { announceRoutes } from "./announce-routes.ts";
import { emptyRecord, type PrefsPlan, type PrefsRecord, planPrefs, planRestore } from "./prefs-plan.ts";
import { readPrefsRecord, writePrefsRecord } from "./prefs-record.ts";

export interface HeldPrefs {
  /** As they are now. */
  readonly prefs: TailscalePrefs;
  readonly conditions: readonly Condition[];
  /** When a change that did not last is tried again; undefined when none is. */
  readonly retryAfterMs?: number | undefined;
}

export interface PrefsHolder {
  /** @param routes as `planPrefs`. @throws HttpError when tailscaled does not answer */
  hold(api: LocalApi, routes: readonly Prefix[] | undefined, signal: AbortSignal): Promise<HeldPrefs>;
}

/** A change that lasted this long was not in vain. */
const calmMs = 120_000;

export function createPrefsHolder(system: System, record: RecordMetric): PrefsHolder {
  const { clock, files } = system;
  const backoff = createBackoff(system, { firstMs: 2000, maxMs: 60_000 });
  /** The last change; the same again means that something sets it back. */
  let edited: { readonly edit: string; readonly atMs: number } | undefined;
  let nextMs = Number.NEGATIVE_INFINITY;
  let known: readonly Condition[] = [];

  return {
    hold: async (api, routes, signal) => {
      const prefs = await api.prefs(signal);
      const plan = planPrefs(prefs, readPrefsRecord(files) ?? emptyRecord, routes);
      const unrecorded = tryRecord(files, api.socket, plan.edit === undefined ? plan.done : plan.intended);
      if (unrecorded !== undefined) return { prefs, conditions: [unrecorded] };
      const nowMs = clock.monotonicMs();
      if (plan.edit === undefined) {
        known = [];
        return { prefs, conditions: [] };
      }
      const edit = JSON.stringify(plan.edit);
      const again = edited?.edit === edit ? edited : undefined;
      if (again !== undefined && nowMs < nextMs) {
        const conditions = known.length > 0 ? known : describeLeft(plan.edit, new Map());
        return { prefs, conditions, retryAfterMs: nextMs - nowMs };
      }
      if (again === undefined || nowMs - again.atMs > calmMs) backoff.reset();
      edited = { edit, atMs: nowMs };
      nextMs = nowMs + backoff.nextMs();
      const applied = await applyPlan(system, { api, prefs, plan, record, signal });
      const left = planPrefs(applied.prefs, readPrefsRecord(files) ?? emptyRecord, routes).edit;
      known = left === undefined ? [] : describeLeft(left, applied.refused);
      return {
        prefs: applied.prefs,
        conditions: known,
        retryAfterMs: left === undefined ? undefined : nextMs - nowMs,
      };
    },
  };
}

export interface RestorePrefsOptions {
  readonly signal: AbortSignal;
  /** Only says what would be taken back. @default false */
  readonly isDryRun?: boolean;
}

/**
 * Takes our changes back, where they were made, and forgets them.
 * @returns the prefs that were changed, or would be
 * @throws HttpError when tailscaled does not, HC_FILE_WRITE
 */
export async function restorePrefs(
  system: System,
  { signal, isDryRun = false }: RestorePrefsOptions,
): Promise<readonly string[]> {
  const known = readPrefsRecord(system.files);
  if (known === undefined) return [];
  using api = await connectLocalApi(system, known.socket);
  const prefs = await api.prefs(signal);
  const plan = planRestore(prefs, known);
  const names = Object.keys(plan.edit ?? {}).map((name) => prefNames[name as keyof PrefsEdit]);
  if (isDryRun) return names;
  if (plan.edit !== undefined) await api.editPrefs(plan.edit, signal);
  writePrefsRecord(system.files, api.socket, plan.done);
  system.log.info("PrefsTakenBack", "Took back what was changed in tailscaled's prefs", { edit: plan.edit });
  announceRoutes(system.log, prefs.advertiseRoutes, plan.edit?.advertiseRoutes);
  return names;
}

/** Writes the record; the condition when it cannot be written: then nothing may be changed. */
export function tryRecord(files: Files, socket: string, record: PrefsRecord): Condition | undefined {
  try {
    writePrefsRecord(files, socket, record);
    return undefined;
  } catch (error) {
    return condition("TailscalePrefsNotRecorded", failureOf(error));
  }
}

interface ApplyOptions {
  readonly api: LocalApi;
  /** As they were. */
  readonly prefs: TailscalePrefs;
  readonly plan: PrefsPlan;
  readonly record: RecordMetric;
  readonly signal: AbortSignal;
}

interface Applied {
  readonly prefs: TailscalePrefs;
  /** Why tailscaled does not take a pref, by its name. */
  readonly refused: ReadonlyMap<string, HttpError>;
}

async function applyPlan({ files, log }: System, options: ApplyOptions): Promise<Applied> {
  const { api, plan, record, signal } = options;
  const { edit = {}, done } = plan;
  const refused = new Map<string, HttpError>();
  const attempt = async (part: PrefsEdit): Promise<TailscalePrefs | undefined> => {
    try {
      return await api.editPrefs(part, signal);
    } catch (error) {
      expected(error);
      throwIfStopping(signal);
      if (!(error instanceof HttpError) || error.status === undefined) throw error;
      for (const name of Object.keys(part)) refused.set(name, error);
      return undefined;
    }
  };
  let prefs = await attempt(edit);
  if (prefs === undefined && Object.keys(edit).length > 1) {
    // One that is refused must not hold the others up.
    refused.clear();
    for (const [name, value] of Object.entries(edit)) prefs = (await attempt({ [name]: value })) ?? prefs;
  }
  record(tailscaleMetrics.prefsEdits, 1);
  if (refused.size === 0) {
    tryRecord(files, api.socket, done);
    log.info("PrefsChanged", "Changed tailscaled's prefs", { edit });
    announceRoutes(log, options.prefs.advertiseRoutes, edit.advertiseRoutes);
  }
  return { prefs: prefs ?? (await api.prefs(signal)), refused };
}

/** What prefs are called in messages. */
export const prefNames: Readonly<Record<keyof PrefsEdit, string>> = {
  advertiseRoutes: "AdvertiseRoutes",
  routeAll: "RouteAll (accept routes)",
  noStatefulFiltering: "NoStatefulFiltering",
  netfilterMode: "NetfilterMode",
  wantRunning: "WantRunning",
};

/** Conditions for what did not change. */
function describeLeft(left: PrefsEdit, refused: Applied["refused"]): readonly Condition[] {
  const denied = [...refused.values()].find(({ status }) => status === 403);
  if (denied !== undefined) return [condition("TailscaleAccessDenied", { why: describeRefusal(denied) })];
  const whyOf = (name: string): string => {
    const error = refused.get(name);
    return error === undefined ? "it was set, and something has set it back" : describeRefusal(error);
  };
  const others = (["advertiseRoutes", "routeAll"] as const).filter((name) => left[name] !== undefined);
  return [
    ...(left.noStatefulFiltering === undefined
      ? []
      : [condition("TailscaleStatefulFiltering", { why: whyOf("noStatefulFiltering") })]),
    ...(others.length === 0
      ? []
      : [
          condition("TailscalePrefsRefused", {
            prefs: others.map((name) => `${prefNames[name]}: ${whyOf(name)}`),
          }),
        ]),
  ];
}
