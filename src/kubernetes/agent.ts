// The agent that owns the copy of this node's Node object: where the configuration asks for it, it fetches the object and keeps its
// PodCIDRs on disk, as the last file the PodCIDR chain reads. The node agent watches that file, so it never waits for an API server.

import { type Agent, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import { type Condition, failureOf } from "../agent/conditions.ts";
import { firstValue, type Latest, type Watchable } from "../agent/latest.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { createReconciler, throwIfStopping } from "../agent/reconciler.ts";
import type { LoadedConfig } from "../config/config.ts";
import {
  keptNodeObjectFile,
  readKeptNodeObject,
  removeKeptNodeObject,
  writeKeptNodeObject,
} from "../node-state/kept-node-object.ts";
import { createBackoff } from "../sys/backoff.ts";
import { describeError, expected } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { condition, kubernetesConditions, lookupConditions } from "./conditions.ts";
import { kubernetesMetrics } from "./metrics.ts";
import type { NodeObjectLookup } from "./node-lookup.ts";
import { showKubernetes } from "./status.ts";

export interface KubernetesAgentOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  /** Set once the node has its PodCIDR: until then it may wait for what is found here. */
  readonly assignment: Watchable<object | undefined>;
  /** The name of this node's Node. @throws HeadcniError where it is not known */
  readonly nodeName: (loaded: LoadedConfig) => string;
  /** Undefined until the API server has been asked once, or need not be. */
  readonly nodeObject: Latest<NodeObjectLookup | undefined>;
  readonly record: RecordMetric;
}

/** How long a server may take: one that is well answers in milliseconds. The agents begin to run after the first step of each. */
const firstTimeoutMs = 2000;
const timeoutMs = 5000;
/** A Node's PodCIDR never changes, but a Node that is deleted and made again has another. */
const resyncMs = 600_000;
const retry = { firstMs: 1000, maxMs: 30_000 };

export function createKubernetesAgent(system: System, options: KubernetesAgentOptions): Agent {
  const { conditions, config, assignment, nodeObject, nodeName, record } = options;

  const look = async (loaded: LoadedConfig, signal: AbortSignal): Promise<readonly Condition[]> => {
    const { enabled, kubeconfig } = loaded.config.network.podCIDR.nodeObject;
    if (!enabled) {
      removeKeptNodeObject(system.files);
      publish({ kind: "off" });
      return [];
    }
    const name = nameOf(loaded);
    if (name === undefined) return [];
    const limitMs = nodeObject.value === undefined ? firstTimeoutMs : timeoutMs;
    const { fetchNodeObject } = await import("./fetch-node-object.ts");
    const found = await fetchNodeObject(system, { nodeName: name, kubeconfig, timeoutMs: limitMs }, signal);
    throwIfStopping(signal);
    record(kubernetesMetrics.fetches, 1, { outcome: found.kind });
    keep(name, found);
    publish(found);
    return lookupConditions(found, readKeptNodeObject(system.files));
  };

  /** Without a name the node agent raises what is wrong, or ends the daemon. */
  const nameOf = (loaded: LoadedConfig): string | undefined => {
    try {
      return nodeName(loaded);
    } catch (error) {
      expected(error);
      system.log.debug(`The Node object is not asked for: ${describeError(error)}`);
      return undefined;
    }
  };

  const keep = (name: string, found: NodeObjectLookup): void => {
    if (found.kind !== "assigned") return;
    const { podCIDRs, server, fetchedAtMs } = found;
    const known = readKeptNodeObject(system.files);
    const isSame = known?.nodeName === name && known.server === server && known.podCIDRs.equals(podCIDRs);
    if (isSame) return;
    writeKeptNodeObject(system.files, { nodeName: name, podCIDRs, server, fetchedAtMs });
    system.log.info("NodeObjectRead", `Node object ${name} of ${server} says PodCIDR ${podCIDRs}`, {
      file: keptNodeObjectFile,
    });
  };

  const publish = (next: NodeObjectLookup): void => {
    if (JSON.stringify(nodeObject.value) !== JSON.stringify(next)) nodeObject.set(next);
  };

  const reconciler = createReconciler(system, {
    name: "kubernetes",
    conditions,
    inputs: { config },
    retry,
    resyncMs: () =>
      config.value?.config.network.podCIDR.nodeObject.enabled === true ? resyncMs : Number.POSITIVE_INFINITY,
    step: async (_reasons, signal) => {
      const loaded = await firstValue(config, signal);
      return loaded === undefined ? [] : look(loaded, signal);
    },
    failed: (error) => condition("NodeObjectNotKept", failureOf(error)),
  });
  const isOver = (signal: AbortSignal): boolean => {
    const { kind = "off" } = nodeObject.value ?? {};
    return signal.aborted || assignment.value !== undefined || kind === "off" || kind === "assigned";
  };
  return {
    ...plainAgent,
    ...reconciler,
    conditions: kubernetesConditions,
    metrics: Object.values(kubernetesMetrics),
    once: async (signal) => {
      await reconciler.once(signal);
      const backoff = createBackoff(system, retry);
      while (!isOver(signal)) {
        const pause = new AbortController();
        const woken = AbortSignal.any([signal, pause.signal]);
        void assignment.changed(undefined, woken).then(() => pause.abort());
        await backoff.wait(woken);
        pause.abort();
        if (!isOver(signal)) await reconciler.once(signal);
      }
    },
    status: () => ({ ...showKubernetes(nodeObject.value), lastReconcile: reconciler.last.value }),
  };
}
