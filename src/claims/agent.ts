// The agent that owns this node's claim to a guessed PodCIDR, and knows what other nodes of the tailnet have. It publishes both: the
// chain passes over what is taken, and conflist, kernel and tailscaled follow the claim. What it is made of is loaded when it is needed.

import { type Agent, agentStatus, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import type { Condition } from "../agent/conditions.ts";
import { firstValue, type Latest, type Watchable } from "../agent/latest.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { createReconciler } from "../agent/reconciler.ts";
import { createTrigger } from "../agent/trigger.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { LoadedConfig } from "../config/config.ts";
import type { System } from "../sys/system.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import type { ClaimsAssignment, ClaimsStepResult, createClaimsStep, ProvenRoute } from "./claims-step.ts";
import { claimsConditions } from "./conditions.ts";
import { claimsMetrics } from "./metrics.ts";

export interface ClaimsAgentOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly assignment: Watchable<ClaimsAssignment | undefined>;
  readonly tailnet: Watchable<Tailnet | undefined>;
  readonly proofs: Watchable<ProvenRoute | undefined>;
  /** The PodCIDRs whose gateway addresses the kernel holds. */
  readonly held: Watchable<PodCIDRs | undefined>;
  /** How many pods hold on to the PodCIDRs in force. */
  readonly pods: Watchable<number | undefined>;
  readonly claims: Latest<ClaimsView | undefined>;
  readonly record: RecordMetric;
}

/** How soon a claim is looked at again that only time decides. */
const probingMs = 500;
/** What says something of a claim alone: on a large tailnet a proof comes every few seconds, and a step looks at all peers. */
const ofClaims: ReadonlySet<string> = new Set(["proofs", "held", "pods"]);

export function createClaimsAgent(system: System, options: ClaimsAgentOptions): Agent {
  const { conditions, config, assignment, tailnet, proofs, held, pods, claims, record } = options;
  const trigger = createTrigger(system.clock);
  const startedMs = system.clock.monotonicMs();
  let step: ReturnType<typeof createClaimsStep> | undefined;
  let last: ClaimsStepResult | undefined;
  /** A first step makes a node ready, and of assigned PodCIDRs there is nothing to wait for. */
  let isRunning = false;

  const publish = (view: ClaimsView | undefined): void => {
    if (JSON.stringify(claims.value) !== JSON.stringify(view)) claims.set(view);
  };

  const work = async (reasons: readonly string[], signal: AbortSignal): Promise<readonly Condition[]> => {
    if (last?.claim === undefined && last !== undefined && reasons.every((reason) => ofClaims.has(reason))) {
      return last.conditions;
    }
    const loaded = await firstValue(config, signal);
    const assigned = await firstValue(assignment, signal);
    const shown = tailnet.value;
    if (loaded === undefined || assigned === undefined || shown === undefined || isIdle(assigned, shown, isRunning)) {
      last = undefined;
      publish(undefined);
      return [];
    }
    step ??= (await import("./claims-step.ts")).createClaimsStep(system, startedMs);
    const before = last?.claim;
    last = step({
      settings: loaded.config.network.podCIDR.claim,
      assigned,
      tailnet: shown,
      proofs: proofs.value,
      held: held.value,
      pods: pods.value ?? 0,
    });
    if (last.claim !== undefined && last.claim.losses > (before?.losses ?? 0)) record(claimsMetrics.lost, 1);
    publish(last.view);
    if (last.view.isProbing) trigger.wake("probing", probingMs);
    return last.conditions;
  };

  const reconciler = createReconciler(system, {
    name: "claims",
    conditions,
    trigger,
    inputs: { config, assignment, tailnet, proofs, held, pods },
    step: work,
  });
  return {
    ...plainAgent,
    ...reconciler,
    run: async (signal) => {
      isRunning = true;
      await reconciler.run(signal);
    },
    once: async (signal, earlier) => {
      // By then the tailnet is known, or will not be in this step.
      await earlier;
      await reconciler.once(signal);
    },
    conditions: claimsConditions,
    metrics: Object.values(claimsMetrics),
    status: () => {
      const { claim, view, conflicts = [] } = last ?? {};
      return agentStatus({
        lastReconcile: reconciler.last.value,
        document: {
          phase: claim?.phase ?? null,
          podCIDRs: claim?.podCIDRs.toJSON() ?? [],
          losses: claim?.losses ?? 0,
          conflicts: conflicts.map(({ name, does, route }) => ({ node: name, does, route: route.toString() })),
          taken: view?.taken.length ?? 0,
        },
        ...(claim === undefined
          ? {}
          : {
              summary: { claim: `${claim.podCIDRs} ${claim.phase}` },
              samples: [{ kind: claimsMetrics.phase, value: 1, labels: { phase: claim.phase } }],
            }),
      });
    },
  };
}

/** Whether there is nothing to judge: no tailnet is used here, or there is none to look at and the PodCIDRs are assigned. */
function isIdle({ isGuess }: ClaimsAssignment, tailnet: Tailnet, isRunning: boolean): boolean {
  if (tailnet.kind === "absent" && !tailnet.isExpected) return true;
  return !isGuess && !(isRunning && "self" in tailnet);
}
