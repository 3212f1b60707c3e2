// What is counted of the mesh. Names are an interface. The other node is a `peer`: `node` is what whatever scrapes calls the one that
// was scraped, as the chart's PodMonitor does, and Prometheus would rename ours.

import type { MetricKind } from "../agent/metrics.ts";

export const meshMetrics = {
  nodes: { name: "headcni_mesh_nodes", type: "gauge", help: "Nodes of the cluster on the tailnet, this one included" },
  peerUp: {
    name: "headcni_mesh_peer_up",
    type: "gauge",
    help: "1 while the control server counts the other node as online",
    labelNames: ["peer"],
  },
  peerDirect: {
    name: "headcni_mesh_peer_direct",
    type: "gauge",
    help: "1 while the other node is reached directly, 0 by a relay; missing while nothing is sent there",
    labelNames: ["peer"],
  },
  peerRtt: {
    name: "headcni_mesh_peer_rtt_seconds",
    type: "gauge",
    help: "Round trip from this node's gateway to the other's, as the last connect took",
    labelNames: ["peer"],
  },
  peerRouteState: {
    name: "headcni_mesh_peer_route_state",
    type: "gauge",
    help: "Always 1; the state of the other node's route: live, silent, unapproved or unknown",
    labelNames: ["peer", "state"],
  },
  routeState: {
    name: "headcni_route_state",
    type: "gauge",
    help: "Always 1; the state of this node's own route: live, silent, unapproved or unknown",
    labelNames: ["state"],
  },
  conflicts: { name: "headcni_mesh_conflicts", type: "gauge", help: "Routes of the tailnet that share addresses" },
} as const satisfies Readonly<Record<string, MetricKind>>;
