// What a scenario is: something that happens to a cluster of three nodes, after which its pods still, or again, reach each other. All
// of a tailnet's play on one cluster, one after the other, so each leaves it as it was.

import type { Cluster, Member } from "./cluster.ts";
import { record, secondsOfOutage } from "./outage.ts";
import type { TailnetKind } from "./tailnets.ts";

export interface Stage {
  readonly kind: TailnetKind["name"];
  readonly cluster: Cluster;
  /** All three. */
  readonly members: readonly [Member, Member, Member];
  /**
   * Does it, once or as often as outages are to be measured, and notes how long the first node's pod does not reach the second's.
   * @param before done each time, and no part of what is measured
   */
  outage(what: string, work: () => Promise<void>, before?: () => Promise<void>): Promise<void>;
}

export interface Scenario {
  readonly name: string;
  /** Where it can be played. */
  readonly on: readonly TailnetKind["name"][];
  play(stage: Stage): Promise<void>;
}

export const both = ["lab", "real"] as const;

/** For the figures in the docs; one run tells whether it works. */
const runs = Number(process.env.HEADCNI_OUTAGE_RUNS ?? 1);

/** A scenario may take so long, with all its runs. */
export const limitMs = 300_000 * runs;

export function createStage({ name: kind, title }: TailnetKind, cluster: Cluster): Stage {
  const [one, two, three] = cluster.members;
  if (one === undefined || two === undefined || three === undefined) throw new Error("A stage needs three nodes");
  return {
    kind,
    cluster,
    members: [one, two, three],
    outage: async (what, work, before) => {
      for (let run = 0; run < runs; run++) {
        await before?.();
        record(`${title}: ${what}`, await secondsOfOutage(one.pod, two.pod, work));
      }
    },
  };
}
