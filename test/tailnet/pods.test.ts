// Nodes joined over a tailnet: pods reach pods of other nodes and are seen with their own addresses, whatever happens to the programs
// and rules beneath them. One cluster for each tailnet this machine has; on the real one, two of its nodes are behind NATs.

import { afterAll, beforeAll, describe, test } from "bun:test";
import { changeScenarios } from "./change-scenarios.ts";
import { type Cluster, createCluster } from "./cluster.ts";
import { faultScenarios } from "./fault-scenarios.ts";
import { firstScenarios, lastScenarios } from "./load-scenarios.ts";
import { outageTable } from "./outage.ts";
import { createStage, limitMs, type Scenario, type Stage } from "./scenario.ts";
import { tailnets } from "./tailnets.ts";

const all: readonly Scenario[] = [...firstScenarios, ...faultScenarios, ...changeScenarios, ...lastScenarios];

describe.each(tailnets)("three nodes on the $title tailnet", (kind) => {
  let cluster: Cluster | undefined;
  let stage: Stage | undefined;
  beforeAll(async () => {
    cluster = await createCluster(kind, { lans: { 2: "192.168.2.0/24", 3: "192.168.3.0/24" } });
    stage = createStage(kind, cluster);
  }, 180_000);
  afterAll(async () => {
    await cluster?.[Symbol.asyncDispose]();
    console.log(outageTable());
  }, 60_000);

  test.each(all.filter(({ on }) => on.includes(kind.name)))(
    "$name",
    async ({ play }) => {
      if (stage === undefined) throw new Error("The cluster was not made");
      await play(stage);
    },
    limitMs,
  );
});
