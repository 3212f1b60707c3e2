// What is counted of the mesh. Names are an interface.

import type { MetricKind } from "../agent/metrics.ts";

export const meshMetrics = {
  nodes: { name: "headcni_mesh_nodes", type: "gauge", help: "Nodes of the cluster on the tailnet, this one included" },
  peerUp: {
    name: "headcni_mesh_peer_up",
    type: "gauge",
    help: "1 while the control server counts the other node as online",
    labelNames: ["node"],
  },
  peerDirect: {
    name: "headcni_mesh_peer_direct",
    type: "gauge",
    help: "1 while the other node is reached without a relay",
    labelNames: ["node"],
  },
  peerRtt: {
    name: "headcni_mesh_peer_rtt_seconds",
    type: "gauge",
    help: "Round trip from this node's gateway to the other's, as the last connect took",
    labelNames: ["node"],
  },
  routeState: {
    name: "headcni_route_state",
    type: "gauge",
    help: "Always 1; the state of the node's route: live, silent, unapproved or unknown",
    labelNames: ["node", "state"],
  },
  conflicts: { name: "headcni_mesh_conflicts", type: "gauge", help: "Routes of the tailnet that share addresses" },
} as const satisfies Readonly<Record<string, MetricKind>>;
