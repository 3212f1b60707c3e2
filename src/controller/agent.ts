// The agent that approves the PodCIDRs of all nodes. It lists them when a tailscaled beside it hears of a change, and now and then;
// without one, every few seconds.

import { type Agent, agentStatus, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import type { Failure } from "../agent/conditions.ts";
import { firstValue, type Watchable } from "../agent/latest.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { createReconciler, throwIfStopping } from "../agent/reconciler.ts";
import { createTrigger } from "../agent/trigger.ts";
import { createWatches } from "../agent/watches.ts";
import type { Config, LoadedConfig } from "../config/config.ts";
import { approvedBlocks } from "../headscale/approval/approval-rules.ts";
import type { ApprovalOutcome } from "../headscale/approval/approve-due.ts";
import { createApprover } from "../headscale/approval/approver.ts";
import { defaultStaleAfterMs, type StaleApproval, staleApprovals } from "../headscale/approval/stale-approvals.ts";
import { condition, headscaleConditions, staleWords } from "../headscale/conditions.ts";
import type { HeadscaleApi } from "../headscale/headscale-api.ts";
import { headscaleMetrics } from "../headscale/metrics.ts";
import type { ConfigError } from "../sys/errors.ts";
import { dirname } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { createOffers } from "./offers.ts";
import { createReclaim } from "./reclaim.ts";
import { controllerRules } from "./rules.ts";
import { type ControllerView, showController } from "./status.ts";

export interface ControllerAgentOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly record: RecordMetric;
}

/** Where changes are heard of. */
const resyncMs = 30_000;
const retry = { firstMs: 2000, maxMs: 60_000 };
/** Three calls, each repeated for 20 s, and what is to be approved when a cluster begins. */
const deadlineMs = 180_000;

export function createControllerAgent(system: System, options: ControllerAgentOptions): Agent {
  const { conditions, config, record } = options;
  const approver = createApprover(system, record);
  const reclaim = createReclaim(system);
  const trigger = createTrigger(system.clock);
  const watches = createWatches(system, trigger);
  const offers = createOffers(system, () => config.value?.config.tailscale.socket);
  let view: ControllerView | undefined;

  /** Takes back what may be. @returns what is stale afterwards */
  const takeBack = async (
    api: HeadscaleApi,
    { stale, due }: { readonly stale: readonly StaleApproval[]; readonly due: readonly StaleApproval[] },
    signal: AbortSignal,
  ): Promise<readonly StaleApproval[]> => {
    for (const { node, route } of due) {
      system.log.warn("ApprovalTakenBack", `Taking back the approval of ${route}: ${node.name} is offline for long`, {
        id: node.id,
      });
      if (await api.withdraw(node.id, [route], signal)) record(headscaleMetrics.withdrawals, 1);
    }
    return stale.filter((one) => !due.includes(one));
  };

  const reconciler = createReconciler(system, {
    name: "controller",
    conditions,
    trigger,
    inputs: { config, offers: offers.heard },
    resyncMs: () => (offers.heard.value === undefined ? pollMs(config.value) : resyncMs),
    retry,
    deadlineMs,
    step: async (_reasons, signal) => {
      const loaded = await firstValue(config, signal);
      throwIfStopping(signal);
      if (loaded === undefined) return [];
      const { headscale: settings } = loaded.config;
      const allowed = controllerRules(loaded);
      if (allowed.kind === "fault") return [condition("HeadscaleSettingsUnusable", settingsFailure(allowed.why))];
      const rules = allowed.value;
      watches.update(watchTargets(settings));
      const afterMs = settings.reclaimAfterMs ?? defaultStaleAfterMs;
      let stale: readonly StaleApproval[] = [];
      const then = async (api: HeadscaleApi, { nodes }: ApprovalOutcome): Promise<void> => {
        stale = staleApprovals(nodes, rules, { nowMs: system.clock.now(), afterMs });
        const due = settings.reclaimAfterMs === undefined ? [] : reclaim.due(nodes, stale);
        stale = await takeBack(api, { stale, due }, signal);
      };
      const { outcome, conditions: raised } = await approver.step({ settings, rules, then }, signal);
      if (outcome === undefined) {
        reclaim.lost();
        return raised;
      }
      const holders = outcome.nodes.filter((node) => approvedBlocks(node, rules).length > 0).length;
      view = { nodes: outcome.nodes.length, holders, refusals: outcome.refusals, stale, rules };
      const isReclaimed = settings.reclaimAfterMs !== undefined;
      return stale.length === 0
        ? raised
        : [...raised, condition("ApprovalsStale", { stale: stale.map(staleWords), isReclaimed })];
    },
  });
  return {
    ...plainAgent,
    ...reconciler,
    conditions: headscaleConditions,
    metrics: Object.values(headscaleMetrics),
    // Its first list waits until the status server runs; a configuration that cannot be used ends it here.
    once: async (signal) => {
      const loaded = await firstValue(config, signal);
      const allowed = loaded === undefined ? undefined : controllerRules(loaded);
      if (allowed?.kind === "fault") throw allowed.why;
    },
    run: async (signal) => {
      await Promise.all([reconciler.run(signal), offers.run(signal)]);
      watches.close();
      approver[Symbol.dispose]();
    },
    status: () =>
      agentStatus({
        ...showController(view, offers.heard.value !== undefined),
        lastReconcile: reconciler.last.value,
      }),
  };
}

/** The error's issues in one sentence. */
function settingsFailure({ issues, hint }: ConfigError): Failure {
  return { why: issues.map(({ path, message }) => `${path} ${message}`).join("; "), hint };
}

function pollMs(loaded: LoadedConfig | undefined): number {
  return loaded?.config.headscale.pollIntervalMs ?? resyncMs;
}

/** The key is written anew before it expires. */
function watchTargets({ apiKeyFile }: Config["headscale"]) {
  if (apiKeyFile === undefined) return [];
  // A mounted Secret changes by a link beside the file, so every name counts.
  return [{ dir: dirname(apiKeyFile), names: undefined, withinMs: 250, isOutside: false }];
}
