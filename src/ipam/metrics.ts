// What is counted of leases. Names are an interface.

import type { MetricKind } from "../agent/metrics.ts";

export const leaseMetrics = {
  freed: {
    name: "headcni_leases_freed_total",
    type: "counter",
    help: "Addresses freed because the container runtime does not know their container",
  },
} as const satisfies Readonly<Record<string, MetricKind>>;
