// What the mesh agent shows: its part of /status, its row in `headcni status`, its metrics. Pure.

import { type AgentStatus, agentStatus } from "../agent/agent.ts";
import type { Sample } from "../agent/metrics.ts";
import { encodeMesh } from "./document.ts";
import type { Mesh } from "./mesh.ts";
import { meshMetrics } from "./metrics.ts";
import type { MeshRow } from "./rows.ts";

/** What the last step found. */
export interface MeshView {
  readonly rows: readonly MeshRow[];
  readonly conflicts: Mesh["conflicts"];
  /** Why these are the last known ones, and not those of now; undefined when they are of now. */
  readonly staleBecause: string | undefined;
}

/** @param view undefined before the first step */
export function showMesh(view: MeshView | undefined): Omit<AgentStatus, "lastReconcile"> {
  if (view === undefined)
    return agentStatus({ document: { ...encodeMesh([], []), staleBecause: null }, summary: { mesh: "-" } });
  const { rows, conflicts, staleBecause } = view;
  return agentStatus({
    document: { ...encodeMesh(rows, conflicts), staleBecause: staleBecause ?? null },
    summary: { mesh: cell(view) },
    samples: samplesOf(view),
  });
}

function cell({ rows, conflicts, staleBecause }: MeshView): string {
  if (rows.length === 0) return staleBecause ?? "-";
  const peers = rows.filter(({ node }) => !node.isSelf);
  const count = (is: (row: MeshRow) => boolean): number => peers.filter(is).length;
  const many = (amount: number, noun: string): string => `${amount} ${noun}${amount === 1 ? "" : "s"}`;
  const live = count(({ route }) => route === "live");
  const words = [
    many(rows.length, "node"),
    `${count(({ node }) => node.isOnline)} of ${peers.length} others online`,
    `${count(({ node }) => node.path.kind === "direct")} direct`,
    `${many(live, "route")} live`,
    ...(conflicts.length === 0 ? [] : [many(conflicts.length, "conflict")]),
  ];
  return `${words.join(", ")}${staleBecause === undefined ? "" : ` (last known: ${staleBecause})`}`;
}

function samplesOf({ rows, conflicts }: MeshView): readonly Sample[] {
  const peers = rows.filter(({ node }) => !node.isSelf);
  return [
    { kind: meshMetrics.nodes, value: rows.length },
    { kind: meshMetrics.conflicts, value: conflicts.length },
    ...rows
      .filter(({ node }) => node.isSelf)
      .map(({ route: state }) => ({ kind: meshMetrics.routeState, value: 1, labels: { state } })),
    ...peers.flatMap(({ node: { name: peer, isOnline, path }, route: state, rttMs }): Sample[] => [
      { kind: meshMetrics.peerRouteState, value: 1, labels: { peer, state } },
      { kind: meshMetrics.peerUp, value: isOnline ? 1 : 0, labels: { peer } },
      ...(path.kind === "unknown"
        ? []
        : [{ kind: meshMetrics.peerDirect, value: path.kind === "direct" ? 1 : 0, labels: { peer } }]),
      ...(rttMs === undefined ? [] : [{ kind: meshMetrics.peerRtt, value: rttMs / 1000, labels: { peer } }]),
    ]),
  ];
}
