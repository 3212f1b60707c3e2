// The agent that owns the kernel's rules. It holds the masquerade rules while the configuration asks for them, and takes them out
// when it no longer does.

import { type Agent, agentStatus, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import { failureOf } from "../agent/conditions.ts";
import { firstValue, type Watchable } from "../agent/latest.ts";
import { createReconciler, defaultResyncMs, throwIfStopping } from "../agent/reconciler.ts";
import type { LoadedConfig, Masquerade } from "../config/config.ts";
import { execUntil } from "../sys/process/exec.ts";
import type { System } from "../sys/system.ts";
import { condition, dataplaneConditions } from "./conditions.ts";
import { type MasqueradePlan, masqueradeTable } from "./masquerade.ts";
import { applyMasquerade, cleanUpMasquerade } from "./masquerade-rules.ts";

export interface DataplaneAgentOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly assignment: Watchable<MasqueradePlan | undefined>;
}

/** What masquerades: the bridge plugin, nothing, or rules of ours, which can fail. */
type MasqueradeState = Exclude<Masquerade, "daemon"> | "applied" | "failed";

export function createDataplaneAgent(system: System, { conditions, config, assignment }: DataplaneAgentOptions): Agent {
  /** Undefined before the first step: an earlier daemon may have left rules. */
  let state: MasqueradeState | undefined;

  const cleanUp = async (machine: System): Promise<void> => {
    const outcome = await cleanUpMasquerade(machine);
    if (outcome === "removed") system.log.info("Removed the masquerade rules", { table: masqueradeTable });
  };

  const hold = async (machine: System, plan: MasqueradePlan): Promise<void> => {
    const outcome = await applyMasquerade(machine, plan);
    if (outcome === "applied") system.log.info("Wrote the masquerade rules", { table: masqueradeTable });
  };

  const reconciler = createReconciler(system, {
    name: "dataplane",
    conditions,
    inputs: { config, assignment },
    // Rules that were taken out again do not come back by themselves.
    resyncMs: () => (state === "applied" ? defaultResyncMs : Number.POSITIVE_INFINITY),
    step: async (_reasons, signal) => {
      const wanted = (await firstValue(config, signal))?.config.network.masquerade;
      const plan = await firstValue(assignment, signal);
      throwIfStopping(signal);
      if (wanted === undefined || plan === undefined) return [];
      const machine = { ...system, exec: execUntil(system.exec, signal) };
      if (wanted === "daemon") await hold(machine, plan);
      else if (state !== "bridge" && state !== "none") await cleanUp(machine);
      state = wanted === "daemon" ? "applied" : wanted;
      return [];
    },
    failed: (error) => {
      state = "failed";
      return condition("MasqueradeNotApplied", failureOf(error));
    },
  });
  return {
    ...plainAgent,
    ...reconciler,
    conditions: dataplaneConditions,
    cleanUp: () => cleanUp(system),
    status: () =>
      agentStatus({
        lastReconcile: reconciler.last.value,
        document: { masquerade: state ?? null },
        summary: { masquerade: state ?? "-" },
      }),
  };
}
