// What is counted of the node. Names and labels are an interface.

import type { MetricKind } from "../agent/metrics.ts";
import type { InstallReason } from "../conflist/install/install-diff.ts";

/** Why the conflist is written. */
const writeReasons: Readonly<Record<Exclude<InstallReason, "same">, true>> = {
  absent: true,
  content: true,
  mode: true,
  owner: true,
  "not-a-file": true,
};

export const nodeMetrics = {
  conflistWrites: {
    name: "headcni_conflist_writes_total",
    type: "counter",
    help: "Times the conflist was written, by what was wrong with it before",
    labelNames: ["reason"],
    series: Object.keys(writeReasons).map((reason) => ({ reason })),
  },
  movedAside: {
    name: "headcni_configs_moved_aside_total",
    type: "counter",
    help: "Configurations of other CNIs moved aside",
  },
  reconcileDuration: {
    name: "headcni_reconcile_duration_seconds",
    type: "histogram",
    help: "How long one look at the node, with what it led to, took",
    // A look that changes nothing takes about 10 ms.
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  },
  podCIDRInfo: {
    name: "headcni_podcidr_info",
    type: "gauge",
    help: "Always 1; the PodCIDR in force and who said it",
    labelNames: ["source", "cidr"],
  },
  pods: {
    name: "headcni_pods",
    type: "gauge",
    help: "Pods on this node: devices on the bridge or leases, whichever is more",
  },
  leases: {
    name: "headcni_host_local_leases",
    type: "gauge",
    help: "Pods with an address from host-local since the machine started",
  },
  addresses: {
    name: "headcni_host_local_addresses",
    type: "gauge",
    help: "Addresses that host-local has for pods in this node's PodCIDR, of the family that has fewest",
  },
} as const satisfies Readonly<Record<string, MetricKind>>;
