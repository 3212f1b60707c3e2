// docs/reference/podcidr-reasons.md: why a range is not taken for this node's PodCIDR.

import { type CandidateOrigin, type Effect, reasons } from "../../src/podcidr/validation/reasons.ts";
import { code, page, table } from "./markdown.ts";

const intro = `What speaks against a range as this node's PodCIDR, and what that means for the source that says it (see the
[PodCIDR chain](../podcidr.md)). The codes stand in the trace of \`headcni podcidr -o json\`.`;

const effects = `- **refused**: of an operator's value (\`network.podCIDR.nodeLocal\`, \`NODE_POD_CIDR\`, \`network.podCIDR.base\`) an error that ends the
  command or daemon with exit code 3, while nothing is in force on this node. Where a PodCIDR is in force it stays, and a condition
  (\`PodCIDRRefused\`) says what was not taken. Of a file's value: the file is \`invalid\` in the trace.
- **passed over**: the next file is asked (\`skipped\` in the trace), or the next block is guessed; the trace says what was passed over and why.
- **questioned**: it counts, and a warning and a condition (\`PodCIDRQuestionable\`, for the cluster's range \`ClusterCIDROverlaps\`) say why.
- **–**: nothing.

What is in force already is not given up for a reason that appears later (a new interface, a lease of DHCP): a condition
(\`PodCIDRClash\`) names it while it lasts, also over a restart of the daemon. Only a guess moves by itself, and only without pods.

The cluster's range is refused only where it lies in the other one as a whole; blocks in it that are free can be guessed.`;

const columns: readonly (readonly [string, CandidateOrigin])[] = [
  ["operator", "operator"],
  ["file", "file"],
  ["guess", "guess"],
  ["cluster's range", "cluster"],
];

export function reasonsPage(): string {
  const rows = Object.entries(reasons).map(([name, { when, because, effects: effectOf }]) => [
    code(name),
    when,
    because,
    ...columns.map(([, claimant]) => shown(effectOf[claimant])),
  ]);
  return page(
    "Reasons against a PodCIDR",
    code("src/podcidr/validation/reasons.ts"),
    intro,
    effects,
    table(["code", "the range", "because", ...columns.map(([title]) => title)], rows),
  );
}

function shown(effect: Effect): string {
  return effect === "-" ? "–" : effect;
}
