// What is counted of the Node object. Names are an interface.

import type { MetricKind } from "../agent/metrics.ts";

export const kubernetesMetrics = {
  fetches: {
    name: "headcni_node_object_fetches_total",
    type: "counter",
    help: "Times the API server was asked for this node's Node object, by what came of it",
    labelNames: ["outcome"],
    series: [{ outcome: "assigned" }, { outcome: "unassigned" }, { outcome: "failed" }],
  },
  fetchedAt: {
    name: "headcni_node_object_fetched_timestamp_seconds",
    type: "gauge",
    help: "When the API server last said this node's PodCIDR, since the daemon started",
  },
} as const satisfies Readonly<Record<string, MetricKind>>;
