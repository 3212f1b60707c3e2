// The agent that proves routes by packets: neither the control server's word nor tailscaled's tells a node on all generations that its
// route is served, a packet that comes back does. It publishes what it found.

import { type Agent, agentStatus, plainAgent } from "../../agent/agent.ts";
import type { ConditionStore } from "../../agent/condition-store.ts";
import type { Condition } from "../../agent/conditions.ts";
import { firstValue, type Latest, type Watchable } from "../../agent/latest.ts";
import { createReconciler, throwIfStopping } from "../../agent/reconciler.ts";
import type { PodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { Prefix } from "../../cidr/prefix.ts";
import type { LoadedConfig } from "../../config/config.ts";
import type { System } from "../../sys/system.ts";
import type { Tailnet } from "../../tailnet/tailnet.ts";
import type { Mesh } from "../mesh.ts";
import { announceProof } from "./announce-proof.ts";
import { proofConditions, routeConditions } from "./conditions.ts";
import { createProofTargets, type ProofTarget } from "./proof-targets.ts";
import { proveTarget } from "./prove-target.ts";
import { createSchedule } from "./schedule.ts";
import { combineVerdicts, isNotTaken, isShutOut, type MeshVerdict, type PeerVerdict } from "./verdict.ts";

export interface ProofAgentOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly assignment: Watchable<{ readonly podCIDRs: PodCIDRs; readonly clusterCIDRs: readonly Prefix[] } | undefined>;
  readonly tailnet: Watchable<Tailnet | undefined>;
  readonly mesh: Watchable<Mesh | undefined>;
  /** Undefined while there is no tailnet to prove anything on. */
  readonly proofs: Latest<Proofs | undefined>;
  /** Whether no node of the mesh is in reach, or none takes any more what this node's pods send. */
  readonly isShutOut: Latest<boolean>;
}

/** What packets from the gateways of these PodCIDRs said. */
export interface Proofs extends MeshVerdict {
  readonly podCIDRs: PodCIDRs;
}

const noTargets: ReadonlyMap<string, ProofTarget> = new Map();

export function createProofAgent(system: System, options: ProofAgentOptions): Agent {
  const { conditions, config, assignment, tailnet, mesh, proofs } = options;
  const schedule = createSchedule(system);
  const targetsOf = createProofTargets();
  let verdicts = new Map<string, PeerVerdict>();
  /** The PodCIDRs they are of. */
  let asked: PodCIDRs | undefined;
  /** Whether the route to them has been live. */
  let wasLive = false;
  /** What is silent takes seconds to tell: a first step, which makes a node ready, asks nobody. */
  let isRunning = false;

  const prove = async (target: ProofTarget, port: number, signal: AbortSignal): Promise<void> => {
    const verdict = await proveTarget(system.tryConnect, { target, port }, signal);
    // What was called off says nothing.
    if (verdict === undefined || signal.aborted) return;
    verdicts.set(target.id, verdict);
    // What serves nothing is asked anew when it does.
    const isAnswered = verdict.route === "live" || (verdict.cause === "not-serving" && verdict.answersGateway);
    schedule.asked(target.id, isAnswered);
  };

  const publish = (next: Proofs | undefined): void => {
    const asText = (value: Proofs | undefined): string =>
      JSON.stringify(value === undefined ? null : [value.podCIDRs, value.own, [...value.peers]]);
    if (asText(proofs.value) !== asText(next)) proofs.set(next);
  };

  const step = async (signal: AbortSignal): Promise<readonly Condition[]> => {
    const loaded = await firstValue(config, signal);
    const assigned = await firstValue(assignment, signal);
    const own = assigned?.podCIDRs;
    const shown = mesh.value;
    throwIfStopping(signal);
    if (loaded === undefined || own === undefined || shown === undefined) return [];
    const isUp = tailnet.value !== undefined && "self" in tailnet.value;
    const targets = isUp && isRunning ? targetsOf(shown.nodes, own) : noTargets;
    // What was said of another PodCIDR says nothing of this one.
    if (asked?.equals(own) !== true) {
      verdicts = new Map();
      wasLive = false;
    }
    asked = own;
    verdicts = new Map([...verdicts].filter(([id]) => targets.has(id)));
    const due = schedule.next(targets);
    const { probePort } = loaded.config.mesh;
    const asking = due.flatMap((id) => targets.get(id) ?? []);
    await Promise.all(asking.map((target) => prove(target, probePort, signal)));
    throwIfStopping(signal);
    const verdict = combineVerdicts(verdicts);
    wasLive ||= verdict.own.route === "live";
    const isLost = wasLive && isNotTaken(verdict);
    const isOut = isShutOut(verdict) || isLost;
    // While there is no tailnet to ask on, what was said last holds.
    if (isUp && isRunning && options.isShutOut.value !== isOut) options.isShutOut.set(isOut);
    const proven = { ...verdict, podCIDRs: own };
    if (isUp) announceProof(system.log, proven, proofs.value);
    // The time of an answer is another each time: where one was asked, comparing tells nothing.
    if (isUp && due.length > 0) proofs.set(proven);
    else publish(isUp ? proven : undefined);
    const cluster = { clusterCIDRs: assigned?.clusterCIDRs ?? [], nodeTags: loaded.config.tailscale.nodeTags };
    return isUp ? routeConditions({ mesh: shown, own, verdict, cluster, isLost }) : [];
  };

  const reconciler = createReconciler(system, {
    name: "proof",
    conditions,
    inputs: { config, assignment, mesh, tailnet },
    resyncMs: schedule.pauseMs,
    step: (_reasons, signal) => step(signal),
  });
  return {
    ...plainAgent,
    ...reconciler,
    run: async (signal) => {
      isRunning = true;
      await reconciler.run(signal);
    },
    conditions: proofConditions,
    wake: (reason) => {
      schedule.restart();
      reconciler.wake(reason);
    },
    status: () => {
      const { own, peers } = proofs.value ?? combineVerdicts(new Map());
      const causes = [...peers].flatMap(([id, { cause }]) => (cause === undefined ? [] : [[id, cause]]));
      return agentStatus({
        lastReconcile: reconciler.last.value,
        document: { ...own, causes: Object.fromEntries(causes) },
      });
    },
  };
}
