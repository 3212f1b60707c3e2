// What is counted of the kernel's rules. Names and labels are an interface.

import type { MetricKind } from "../agent/metrics.ts";

/** What the daemon holds in the kernel: the name a person reads. */
export const heldParts = {
  table: "the nftables table",
  rules: "the routing rules",
  forward: "the firewall's FORWARD",
  bridge: "the pod bridge",
} as const;

export type HeldPart = keyof typeof heldParts;

export const dataplaneMetrics = {
  repairs: {
    name: "headcni_dataplane_repairs_total",
    type: "counter",
    help: "Times the kernel's rules were put right after something else had changed them",
    labelNames: ["part"],
    series: Object.keys(heldParts).map((part) => ({ part })),
  },
  keptNetworks: {
    name: "headcni_dataplane_kept_networks",
    type: "gauge",
    help: "PodCIDRs between which pods keep their addresses, this node's included",
  },
} as const satisfies Readonly<Record<string, MetricKind>>;
