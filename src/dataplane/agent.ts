// The agent that owns the kernel's rules for pods: it holds what the configuration asks for and what a tailnet needs, hears when
// something else changes it, and takes it out when it is no longer wanted.

import { type Agent, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import { createLatest, firstValue, type Latest, type Watchable } from "../agent/latest.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { createReconciler, defaultResyncMs, throwIfStopping } from "../agent/reconciler.ts";
import { createTrigger } from "../agent/trigger.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { LoadedConfig } from "../config/config.ts";
import { execUntil } from "../sys/process/exec.ts";
import type { System } from "../sys/system.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import type { TailnetDamage } from "../tailnet/tailnet-damage.ts";
import { isTailnetExpected } from "../tailnet/wanted-login.ts";
import { cleanUpDataplane } from "./clean-up.ts";
import { dataplaneConditions } from "./conditions.ts";
import { createDamageFinder, type ServingPeer } from "./damage/find-damage.ts";
import type { NodeRanges } from "./dataplane-plan.ts";
import { stepDataplane } from "./dataplane-step.ts";
import { watchDrift } from "./drift.ts";
import { createHolder } from "./holder.ts";
import { createTailnetMemory } from "./memory/tailnet-memory.ts";
import { dataplaneMetrics } from "./metrics.ts";
import { type ShownDataplane, showDataplane } from "./status.ts";

export interface DataplanePeers {
  readonly podCIDRs: readonly Prefix[];
  /** Those that serve now, for which tailscaled has routes. */
  readonly serving: readonly ServingPeer[];
}

export interface DataplaneAgentOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly assignment: Watchable<NodeRanges | undefined>;
  /** The other nodes; undefined: no tailnet has been seen yet. */
  readonly peers: Watchable<DataplanePeers | undefined>;
  readonly claims: Watchable<ClaimsView | undefined>;
  /** The PodCIDRs whose gateway addresses are held here; published for the claim to them. */
  readonly held: Latest<PodCIDRs | undefined>;
  /** Where it is published what tailscaled has lost in the kernel. */
  readonly damage: Latest<TailnetDamage | undefined>;
  readonly record: RecordMetric;
}

/** How often nftables is listed although it told of no change: with a kube-proxy beside, that costs the most. */
const fullEveryMs = 300_000;

export function createDataplaneAgent(system: System, options: DataplaneAgentOptions): Agent {
  const { conditions, config, assignment, peers, damage, claims, held, record } = options;
  const trigger = createTrigger(system.clock);
  const holder = createHolder(system, record);
  const memory = createTailnetMemory(system.files);
  const findDamage = createDamageFinder();
  const isHolding = createLatest(false);
  /** Undefined before the first step: an earlier daemon may have left rules. */
  let shown: ShownDataplane | undefined;

  let isHeard = false;
  let fullAtMs = Number.NEGATIVE_INFINITY;

  /** Nothing has woken this step, and nftables would have: only what tells of no change needs a look. */
  const isQuiet = (reasons: readonly string[]): boolean =>
    isHeard && reasons.every((reason) => reason === "timer") && system.clock.monotonicMs() - fullAtMs < fullEveryMs;

  const hold = (podCIDRs: PodCIDRs | undefined): void => {
    if (String(held.value) !== String(podCIDRs)) held.set(podCIDRs);
  };

  const step = async (isFull: boolean, signal: AbortSignal) => {
    const loaded = await firstValue(config, signal);
    const ranges = await firstValue(assignment, signal);
    throwIfStopping(signal);
    if (loaded === undefined || ranges === undefined) return [];
    const machine = { ...system, exec: execUntil(system.exec, signal) };
    const { tailscale } = loaded.config;
    const state = await stepDataplane(machine, {
      config: loaded.config,
      ranges,
      peers: peers.value?.podCIDRs,
      serving: peers.value?.serving ?? [],
      claim: claims.value?.claim,
      isEnabled: tailscale.enabled !== false,
      isExpected: isTailnetExpected(tailscale, ranges),
      holder,
      onBridge: hold,
      memory,
      findDamage,
      isFull,
      last: shown?.state,
    });
    throwIfStopping(signal);
    const { masquerade } = loaded.config.network;
    shown = { state, masquerade };
    if (JSON.stringify(damage.value) !== JSON.stringify(state.damage)) damage.set(state.damage);
    if (state.plan.bridge === undefined) hold(undefined);
    if (isFull) fullAtMs = system.clock.monotonicMs();
    isHolding.set(state.tailnet === "used" || masquerade === "daemon");
    return state.conditions;
  };

  const reconciler = createReconciler(system, {
    name: "dataplane",
    conditions,
    trigger,
    inputs: { config, assignment, peers, claims },
    // Rules that were taken out again do not come back by themselves.
    resyncMs: () => (isHolding.value ? defaultResyncMs : Number.POSITIVE_INFINITY),
    step: (reasons, signal) => step(!isQuiet(reasons), signal),
  });
  const onListening = (isListening: boolean): void => {
    isHeard = isListening;
  };
  const onChange = (): void => trigger.wake("kernel", holder.waitMs());
  return {
    ...plainAgent,
    ...reconciler,
    conditions: dataplaneConditions,
    metrics: Object.values(dataplaneMetrics),
    run: async (signal) => {
      await Promise.all([reconciler.run(signal), watchDrift(system, { isHolding, onChange, onListening }, signal)]);
    },
    cleanUp: (options) => cleanUpDataplane(system, options),
    status: () => ({ ...showDataplane(shown), lastReconcile: reconciler.last.value }),
  };
}
