// The agent that has a node's own route approved, where `headscale.approval` is `node`. Otherwise it asks Headscale nothing: the policy or
// the controller approves, and packets prove it.

import { type Agent, agentStatus, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import type { Condition } from "../agent/conditions.ts";
import { firstValue, type Watchable } from "../agent/latest.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { createReconciler, throwIfStopping } from "../agent/reconciler.ts";
import { createTrigger } from "../agent/trigger.ts";
import { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { Config, LoadedConfig } from "../config/config.ts";
import { createBackoff } from "../sys/backoff.ts";
import type { System } from "../sys/system.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import { isIn } from "./approval/approval-list.ts";
import { type ApprovalRules, defaultBlockBits } from "./approval/approval-rules.ts";
import { createApprover } from "./approval/approver.ts";
import { headscaleConditions } from "./conditions.ts";
import { headscaleMetrics } from "./metrics.ts";

export interface HeadscaleAssignment {
  readonly podCIDRs: PodCIDRs;
  /** At most one of a family; empty when nothing says them. */
  readonly clusterCIDRs: readonly Prefix[];
}

export interface HeadscaleAgentOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly assignment: Watchable<HeadscaleAssignment | undefined>;
  readonly tailnet: Watchable<Tailnet | undefined>;
  /** This node's id, when it is known before the tailnet. */
  readonly ownId: Watchable<string | undefined>;
  readonly record: RecordMetric;
}

/** An approval stays; a list of all nodes from each of them is what Headscale is to be spared. */
const resyncMs = 300_000;
/** Until Headscale knows what the node has only just offered. */
const retry = { firstMs: 300, maxMs: 60_000 };
/** What says nothing new of what was approved for the same node. */
const ofTailnet: ReadonlySet<string> = new Set(["tailnet", "ownId"]);
/** Three calls, each repeated for 20 s. */
const deadlineMs = 120_000;

export function createHeadscaleAgent(system: System, options: HeadscaleAgentOptions): Agent {
  const { conditions, config, assignment, tailnet, ownId, record } = options;
  const approver = createApprover(system, record);
  const trigger = createTrigger(system.clock);
  const backoff = createBackoff(system, retry);
  let isRunning = false;
  let approval = "-";
  /** What was approved last, with what was said of it: every change of the tailnet comes by, and is no reason to ask again. */
  let done: { readonly of: string; readonly conditions: readonly Condition[] } | undefined;

  const approveOwn = async (request: OwnApproval, signal: AbortSignal): Promise<readonly Condition[]> => {
    const { settings, own } = request;
    const rules = ownRules(own);
    const isMeant = ({ id }: { readonly id: string }): boolean => id === request.id;
    const { outcome, conditions: raised } = await approver.step({ settings, rules, isMeant }, signal);
    const approved = outcome?.nodes.find(isMeant)?.approved ?? [];
    const isDone = own.podCIDRs.list.every((route) => isIn(approved, route));
    if (isDone) backoff.reset();
    // Headscale may not know yet what the node offers.
    else trigger.wake("unapproved", backoff.nextMs());
    done = isDone ? { of: fingerprintOf(request), conditions: raised } : undefined;
    return raised;
  };

  const reconciler = createReconciler(system, {
    name: "headscale",
    conditions,
    trigger,
    inputs: { config, assignment, tailnet, ownId },
    resyncMs,
    retry,
    deadlineMs,
    step: async (reasons, signal) => {
      const settings = (await firstValue(config, signal))?.config.headscale;
      throwIfStopping(signal);
      approval = settings?.approval ?? "-";
      const own = assignment.value;
      const id = tailnet.value !== undefined && "self" in tailnet.value ? tailnet.value.self.id : ownId.value;
      // A first step makes a node ready, which needs no route.
      if (settings?.approval !== "node" || !isRunning || own === undefined) return [];
      if (id === undefined) {
        await approver.prepare(settings, signal);
        return [];
      }
      const request = { settings, own, id };
      const isKnown = done?.of === fingerprintOf(request) && reasons.every((reason) => ofTailnet.has(reason));
      return isKnown && done !== undefined ? done.conditions : approveOwn(request, signal);
    },
  });
  return {
    ...plainAgent,
    ...reconciler,
    conditions: headscaleConditions,
    metrics: Object.values(headscaleMetrics),
    run: async (signal) => {
      isRunning = true;
      await reconciler.run(signal);
      approver[Symbol.dispose]();
    },
    status: () => agentStatus({ lastReconcile: reconciler.last.value, document: { approval } }),
  };
}

interface OwnApproval {
  readonly settings: Config["headscale"];
  readonly own: HeadscaleAssignment;
  /** Of this node. */
  readonly id: string;
}

function fingerprintOf({ settings, own: { podCIDRs, clusterCIDRs }, id }: OwnApproval): string {
  return JSON.stringify([settings, podCIDRs, clusterCIDRs, id]);
}

/** The node's own PodCIDRs alone, held against what others have of the cluster's CIDR. */
function ownRules({ podCIDRs, clusterCIDRs }: HeadscaleAssignment): ApprovalRules {
  const bits = Object.fromEntries(podCIDRs.list.map(({ family, bits }) => [family, bits]));
  const isWithin =
    clusterCIDRs.length > 0 && podCIDRs.list.every((own) => clusterCIDRs.some((all) => all.contains(own)));
  return {
    clusterCIDRs: isWithin ? new PodCIDRs(clusterCIDRs) : podCIDRs,
    blockBits: { ...defaultBlockBits, ...bits },
    nodeTags: undefined,
  };
}
