// What is counted of claims. Names are an interface.

import type { MetricKind } from "../agent/metrics.ts";

export const claimsMetrics = {
  phase: {
    name: "headcni_podcidr_claim_info",
    type: "gauge",
    help: "Always 1 while this node has a claim to a guessed PodCIDR; the phase it is in",
    labelNames: ["phase"],
  },
  lost: {
    name: "headcni_podcidr_claims_lost_total",
    type: "counter",
    help: "Guessed PodCIDRs that were given up since another node has them",
  },
} as const satisfies Readonly<Record<string, MetricKind>>;
