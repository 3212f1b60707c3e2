// The daemon's agents, in the order their values flow. A new resource is a directory of its own and a line in this list: log, /status,
// /metrics, `headcni status` and the reference pages take everything else from the agent.

import type { Agent } from "../agent/agent.ts";
import { type ConditionStore, createConditionStore } from "../agent/condition-store.ts";
import type { ConditionTable } from "../agent/conditions.ts";
import { createLatest, type Watchable } from "../agent/latest.ts";
import { createMetricRecorder, type MetricRecorder } from "../agent/metrics.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { createClaimsAgent } from "../claims/agent.ts";
import { createConfigAgent, type DaemonFlags } from "../config/agent.ts";
import type { Config, LoadedConfig } from "../config/config.ts";
import { createDataplaneAgent } from "../dataplane/agent.ts";
import { createHeadscaleAgent } from "../headscale/agent.ts";
import { createLeaseAgent } from "../ipam/agent.ts";
import { createKubernetesAgent } from "../kubernetes/agent.ts";
import type { NodeObjectLookup } from "../kubernetes/node-lookup.ts";
import { createMeshAgent } from "../mesh/agent.ts";
import type { Mesh } from "../mesh/mesh.ts";
import { createProofAgent, type Proofs } from "../mesh/proof/agent.ts";
import type { PeerPodCIDRs } from "../mesh/unchanged.ts";
import type { NodeAssignment } from "../node/adoption.ts";
import { createNodeAgent } from "../node/agent.ts";
import { createNodeStateAgent } from "../node/state/agent.ts";
import { resolveNodeName } from "../node-name/resolve.ts";
import type { System } from "../sys/system.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import type { TailnetDamage } from "../tailnet/tailnet-damage.ts";
import { createTailscaleAgent } from "../tailscale/agent.ts";
import { createStatusServerAgent } from "./agent.ts";
import type { DaemonFacts } from "./status.ts";

export interface AgentsOptions {
  readonly flags: DaemonFlags;
  readonly configureLog: (logging: Config["logging"]) => Promise<void>;
  /** Host path of the executable that is installed as the CNI plugin when the configuration wants one. */
  readonly executable: string | undefined;
  readonly process: Pick<DaemonFacts, "pid" | "startedAtMs">;
  /** Called about once a second while the agents run; a failure ends them. */
  readonly everySecond?: () => void;
}

export interface Agents {
  readonly list: readonly Agent[];
  readonly conditions: ConditionStore;
  readonly metrics: MetricRecorder;
  readonly config: Watchable<LoadedConfig | undefined>;
  facts(): DaemonFacts;
}

/** Nothing is read or started yet. */
export function createAgents(system: System, options: AgentsOptions): Agents {
  const { flags, configureLog, executable, process, everySecond } = options;
  const startedMs = system.clock.monotonicMs();
  const conditions = createConditionStore(system);
  const metrics = createMetricRecorder();
  const config = createLatest<LoadedConfig | undefined>(undefined);
  const assignment = createLatest<NodeAssignment | undefined>(undefined);
  const tailnet = createLatest<Tailnet | undefined>(undefined);
  const ownId = createLatest<string | undefined>(undefined);
  const mesh = createLatest<Mesh | undefined>(undefined);
  const damage = createLatest<TailnetDamage | undefined>(undefined);
  const peers = createLatest<PeerPodCIDRs | undefined>(undefined);
  const proofs = createLatest<Proofs | undefined>(undefined);
  const isShutOut = createLatest(false);
  const claims = createLatest<ClaimsView | undefined>(undefined);
  const held = createLatest<PodCIDRs | undefined>(undefined);
  const pods = createLatest<number | undefined>(undefined);
  const nodeObject = createLatest<NodeObjectLookup | undefined>(undefined);
  const nodeStateReady = createLatest<true | undefined>(undefined);
  const facts = (): DaemonFacts => ({
    ...process,
    uptimeMs: system.clock.monotonicMs() - startedMs,
    nodeName: assignment.value?.nodeName,
    agents: list,
    conditions: conditions.list(),
  });
  const shared = { conditions, config, assignment, claims, nodeStateReady, record: metrics.record };
  const nodeName = (loaded: LoadedConfig): string => {
    return resolveNodeName(system, { flag: flags.nodeName, loaded }).name;
  };
  const runtimes = async () => (await import("../runtime/node-runtimes.ts")).nodeRuntimes(system);
  const list: readonly Agent[] = [
    createConfigAgent(system, { ...shared, flags, configureLog }),
    createKubernetesAgent(system, { ...shared, nodeObject, nodeName }),
    createNodeAgent(system, { ...shared, nodeObject, pods, nodeName: flags.nodeName, executable, everySecond }),
    createDataplaneAgent(system, { ...shared, peers, held, damage }),
    createNodeStateAgent(system, shared),
    createTailscaleAgent(system, { ...shared, tailnet, ownId, damage, held, isShutOut }),
    createMeshAgent(system, { ...shared, tailnet, proofs, mesh, peers }),
    createProofAgent(system, { ...shared, tailnet, proofs, mesh, isShutOut }),
    createClaimsAgent(system, { ...shared, tailnet, proofs, held, pods }),
    createHeadscaleAgent(system, { ...shared, tailnet, ownId }),
    createLeaseAgent(system, { ...shared, runtimes }),
    createStatusServerAgent(system, { ...shared, metrics, facts }),
  ];
  return { list, conditions, metrics, config, facts };
}

/** Every condition by code, in the order of the agents. */
export function declaredConditions(agents: readonly Agent[]): ConditionTable {
  return Object.assign({}, ...agents.map((agent) => agent.conditions));
}
