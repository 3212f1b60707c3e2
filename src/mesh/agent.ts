// The agent that owns what is known of the mesh: who serves which PodCIDR, and where that clashes. It publishes the mesh, and, for
// the kernel's rules, the other nodes' PodCIDRs.

import { type Agent, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import type { Condition } from "../agent/conditions.ts";
import { createLatest, firstValue, type Latest, type Watchable } from "../agent/latest.ts";
import { createReconciler } from "../agent/reconciler.ts";
import type { LoadedConfig } from "../config/config.ts";
import type { System } from "../sys/system.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import { announceMesh } from "./announce-mesh.ts";
import { conflictConditions, meshConditions } from "./conditions.ts";
import type { ClusterRule } from "./membership.ts";
import { buildMesh, type Mesh } from "./mesh.ts";
import { meshMetrics } from "./metrics.ts";
import type { MeshVerdict } from "./proof/verdict.ts";
import { createRows } from "./rows.ts";
import { type MeshView, showMesh } from "./status.ts";
import { keepUnchanged, keepUnchangedPeers, type PeerPodCIDRs } from "./unchanged.ts";

/** What the mesh reads of a node's assignment. */
export interface MeshAssignment extends Pick<ClusterRule, "clusterCIDRs"> {
  readonly podCIDRs: ClusterRule["own"];
}

export interface MeshAgentOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly assignment: Watchable<MeshAssignment | undefined>;
  readonly tailnet: Watchable<Tailnet | undefined>;
  /** What packets said of routes. */
  readonly proofs: Watchable<MeshVerdict | undefined>;
  /** Undefined until a network map has been seen; it stays as it was while there is none. */
  readonly mesh: Latest<Mesh | undefined>;
  readonly peers: Latest<PeerPodCIDRs | undefined>;
}

export function createMeshAgent(system: System, options: MeshAgentOptions): Agent {
  const { conditions, config, assignment, tailnet, proofs, mesh, peers } = options;
  const view = createLatest<MeshView | undefined>(undefined);
  const rowsOf = createRows(system);
  /** What the mesh was made of last: of the same it would be the same. */
  let madeOf: readonly unknown[] = [];

  const publish = (next: Mesh): void => {
    const kept = keepUnchanged(mesh.value, next);
    if (kept === mesh.value) return;
    announceMesh(system.log, mesh.value, kept);
    mesh.set(kept);
    const forKernel = keepUnchangedPeers(peers.value, kept);
    if (forKernel !== peers.value) peers.set(forKernel);
  };

  const step = async (signal: AbortSignal): Promise<readonly Condition[]> => {
    const loaded = await firstValue(config, signal);
    const assigned = await firstValue(assignment, signal);
    const now = tailnet.value;
    if (loaded === undefined || assigned === undefined || now === undefined) return [];
    const isKnown = "self" in now;
    const parts = [loaded, assigned, now];
    if (isKnown && parts.some((part, at) => part !== madeOf[at])) {
      madeOf = parts;
      const { podCIDRs: own, clusterCIDRs } = assigned;
      const { nodeTags } = loaded.config.tailscale;
      const previous = mesh.value?.nodes ?? [];
      publish(buildMesh({ tailnet: now, own, clusterCIDRs, nodeTags, previous }));
    }
    const { nodes = [], conflicts = [] } = mesh.value ?? {};
    view.set({ rows: rowsOf(nodes, proofs.value), conflicts, staleBecause: isKnown ? undefined : now.why });
    // Of a network map that is gone nothing is said: why it is gone is a condition of its own.
    return isKnown ? conflictConditions(conflicts) : [];
  };

  const reconciler = createReconciler(system, {
    name: "mesh",
    conditions,
    inputs: { config, assignment, tailnet, proofs },
    // It asks nothing but values that tell of their changes.
    resyncMs: Number.POSITIVE_INFINITY,
    step: (_reasons, signal) => step(signal),
  });
  return {
    ...plainAgent,
    ...reconciler,
    once: async (signal, earlier) => {
      // By then the tailnet is known, or will not be in this step.
      await earlier;
      await reconciler.once(signal);
    },
    conditions: meshConditions,
    metrics: Object.values(meshMetrics),
    status: () => ({ ...showMesh(view.value), lastReconcile: reconciler.last.value }),
  };
}
