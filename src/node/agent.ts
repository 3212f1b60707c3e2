// The agent that owns what the runtime reads on this node: conflist, plugin and bridge. It publishes the PodCIDRs it has adopted.

import { type Agent, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import { createLatest } from "../agent/latest.ts";
import { createReconciler } from "../agent/reconciler.ts";
import { createTrigger } from "../agent/trigger.ts";
import { createWatches } from "../agent/watches.ts";
import { monitorKernel } from "../kernel/monitor.ts";
import { nodeNameConditions } from "../node-name/conditions.ts";
import { readNodePrograms } from "../programs/node-programs.ts";
import type { System } from "../sys/system.ts";
import { nodeConditions } from "./conditions.ts";
import { pollConflist } from "./conflist-poll.ts";
import { claimGateConditions } from "./first-start/claim-gate.ts";
import { nodeMetrics } from "./metrics.ts";
import { createNodeStep, type ReconcileNodeOptions } from "./reconcile.ts";
import { type NodeStatus, showNode } from "./status.ts";
import { watchTargets } from "./watch-targets.ts";

export interface NodeAgentOptions extends Omit<ReconcileNodeOptions, "status"> {
  readonly conditions: ConditionStore;
  /** Called with each look at the conflist, so that a daemon at rest has one timer; a failure ends the agent. */
  readonly everySecond?: (() => void) | undefined;
}

/** Its first step throws a ConfigError when a value an operator set for the PodCIDR cannot be used. */
export function createNodeAgent(system: System, options: NodeAgentOptions): Agent {
  const { conditions, config, claims, record, everySecond } = options;
  const trigger = createTrigger(system.clock);
  const watches = createWatches(system, trigger);
  const status = createLatest<NodeStatus | undefined>(undefined);
  const step = createNodeStep(system, { ...options, status });
  let isWatching = false;
  const watch = (): void => {
    if (!isWatching || config.value === undefined || status.value === undefined) return;
    const { name, files } = status.value.nodeName;
    const programs = readNodePrograms(system);
    watches.update(watchTargets(config.value.config, { nodeName: name, nodeNameFiles: files, programs }));
  };
  const reconciler = createReconciler(system, {
    name: "node",
    conditions,
    trigger,
    inputs: { config, claims },
    step: async (_reasons, signal) => {
      const raised = await step(signal);
      watch();
      return raised;
    },
    onReconciled: ({ durationMs }) => record(nodeMetrics.reconcileDuration, durationMs / 1000),
  });
  return {
    // What is in force stays in force: without its conflist a node takes no pods, so there is nothing to clean up.
    ...plainAgent,
    ...reconciler,
    conditions: { ...nodeConditions, ...claimGateConditions, ...nodeNameConditions },
    metrics: Object.values(nodeMetrics),
    run: async (signal) => {
      isWatching = true;
      watch();
      const path = (): string | undefined => status.value?.conflist.path;
      const onChange = (): void => trigger.wake("network", 0);
      await Promise.all([
        reconciler.run(signal),
        pollConflist(system, { trigger, path, everySecond }, signal),
        monitorKernel(system, { objects: ["address", "route"], onChange }, signal),
      ]);
      isWatching = false;
      watches.close();
    },
    // What a mount shows does not change any more: only a new container, which liveness brings, gets the directory that is there.
    stuck: () => reconciler.stuck() ?? conditions.list().find(({ code }) => code === "MountedFolderGone")?.text,
    status: () => ({ ...showNode(status.value), lastReconcile: reconciler.last.value }),
  };
}
