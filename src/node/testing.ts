// Answers of the PodCIDR chain for tests.

import { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { PodCIDRAnswer, PodCIDRSource } from "../podcidr/answer.ts";

/** An answer of the chain, authoritative as its source is. */
export function answerOf(
  source: PodCIDRSource,
  podCIDRs: readonly string[],
  parts: Partial<PodCIDRAnswer> = {},
): PodCIDRAnswer {
  return {
    nodeName: "node-1",
    podCIDRs: new PodCIDRs(podCIDRs.map(parsePrefix)),
    source,
    file: undefined,
    line: undefined,
    authoritative: source !== "hash" && source !== "default",
    clusterCIDRs: [],
    serviceCIDRs: [],
    warnings: [],
    trace: [],
    ...parts,
  };
}
