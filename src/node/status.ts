// What the node agent shows: its part of /status, its rows in `headcni status`, its metrics. Pure.

import { type AgentStatus, agentStatus } from "../agent/agent.ts";
import type { Sample } from "../agent/metrics.ts";
import { podAddressesIn } from "../cidr/pod-cidrs.ts";
import type { BridgeReading } from "../dataplane/bridge.ts";
import { encodeNodeName, type NodeNameAnswer } from "../node-name/node-name-answer.ts";
import { bridgeName } from "../node-state/names.ts";
import { type Assignment, encodeAnswer, type PodCIDRAnswer } from "../podcidr/answer.ts";
import type { JsonObject, JsonValue } from "../sys/json.ts";
import type { PodCount } from "./adoption.ts";
import type { ConflistResult } from "./conflist-step.ts";
import { nodeMetrics } from "./metrics.ts";

/** What the last step found and left. */
export interface NodeStatus {
  /** What the cluster calls this node now, and who says so. */
  readonly nodeName: NodeNameAnswer;
  /** What the chain says now. */
  readonly answer: PodCIDRAnswer;
  /** The PodCIDR pods get; not always what the chain says. */
  readonly current: Assignment;
  /** Whether it waits for the claim to it, and is not in force yet. */
  readonly isAwaitingClaim: boolean;
  readonly bridge: BridgeReading;
  readonly pods: PodCount;
  readonly conflist: ConflistResult;
  /** How often this daemon has written our conflist, and when it did last. */
  readonly writes: number;
  readonly lastWrite: { readonly atMs: number; readonly reason: string } | undefined;
}

/** @param status undefined before the first step */
export function showNode(status: NodeStatus | undefined): Omit<AgentStatus, "lastReconcile"> {
  if (status === undefined) {
    const names = ["podCIDR", "from", "conflist", "bridge", "pods"];
    const summary = Object.fromEntries(names.map((name) => [name, "-"]));
    return agentStatus({ summary, notReady: "the daemon has only just started" });
  }
  const { answer, current, bridge, pods, conflist } = status;
  return {
    document: {
      nodeName: answer.nodeName,
      node: encodeNodeName(status.nodeName),
      inForce: encodeAssignment(current),
      podCIDR: encodeAnswer(answer),
      conflist: encodeConflist(status),
      pods: { count: podCount(pods), bridgePorts: pods.bridgePorts ?? null, leases: pods.leases },
      bridge: encodeBridge(bridge),
    },
    summary: {
      podCIDR: current.podCIDRs.toString(),
      from: sourceCell(current),
      conflist: `${conflist.path} (${conflist.isInForce ? "in force" : "not in force"})`,
      bridge: bridgeCell(bridge),
      pods: String(podCount(pods)),
    },
    samples: samplesOf(status),
    notReady: conflist.isInForce ? undefined : `${conflist.path} is not in force yet`,
  };
}

function samplesOf({ current: { podCIDRs, source }, pods }: NodeStatus): readonly Sample[] {
  return [
    ...podCIDRs
      .toJSON()
      .map((cidr) => ({ kind: nodeMetrics.podCIDRInfo, value: 1, labels: { source: source ?? "held", cidr } })),
    { kind: nodeMetrics.pods, value: podCount(pods) },
    { kind: nodeMetrics.leases, value: pods.leases },
    { kind: nodeMetrics.addresses, value: Math.min(...podCIDRs.list.map(podAddressesIn)) },
  ];
}

function encodeAssignment({ podCIDRs, source, file, line }: Assignment): JsonObject {
  return { podCIDRs: podCIDRs.toJSON(), source: source ?? null, file: file ?? null, line: line ?? null };
}

function encodeConflist({ conflist: { path, isInForce, sha256 }, writes, lastWrite }: NodeStatus): JsonObject {
  return {
    path,
    inForce: isInForce,
    sha256,
    writes,
    lastWrite:
      lastWrite === undefined ? null : { at: new Date(lastWrite.atMs).toISOString(), reason: lastWrite.reason },
  };
}

/** The pods there may be: whichever of bridge and leases shows more. */
function podCount({ bridgePorts, leases }: PodCount): number {
  return Math.max(bridgePorts ?? 0, leases);
}

function encodeBridge(reading: BridgeReading): JsonObject {
  const found: { readonly [key: string]: JsonValue } =
    reading.kind === "present"
      ? {
          addresses: reading.bridge.addresses.map(String),
          mtu: reading.bridge.mtuBytes,
          ports: [...reading.bridge.ports],
        }
      : reading.kind === "unknown"
        ? { reason: reading.why }
        : {};
  return { name: bridgeName, state: reading.kind, ...found };
}

function sourceCell({ source, file, line }: Assignment): string {
  const where = file === undefined ? "" : ` ${file}${line === undefined ? "" : `:${line}`}`;
  return `${source ?? "-"}${where}`;
}

function bridgeCell(reading: BridgeReading): string {
  if (reading.kind === "absent") return `${bridgeName}: made with the first pod`;
  if (reading.kind === "unknown") return `${bridgeName}: ${reading.why}`;
  const { addresses } = reading.bridge;
  return `${bridgeName} ${addresses.length === 0 ? "-" : addresses.join(", ")}`;
}
