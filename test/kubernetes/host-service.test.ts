// HeadCNI as a service of two hosts of a real cluster: from nothing to pods that talk, and what happens to the nodes' programs after.

import { describe, expect, test } from "bun:test";
import { subnetOf } from "../daemon/daemon.ts";
import { clusterPrograms } from "../harness/kubernetes/programs.ts";
import { tailnets } from "../tailnet/tailnets.ts";
import { createKubernetesCluster, podCIDROf, startHeadcni, untilReadiness } from "./cluster.ts";
import { wantedPrograms } from "./programs-found.ts";
import { allReach, asks, deploy, expose, runningPods } from "./workloads.ts";

/** The real tailnet where this machine has it. */
const clusters = wantedPrograms(clusterPrograms).flatMap((programs) =>
  tailnets.slice(-1).map((kind) => ({ kind, programs, name: kind.name })),
);

describe.each(clusters)("a real cluster over the $name tailnet", ({ kind, programs }) => {
  test("two nodes get ready, and their pods talk, with HeadCNI as a service of each host", async () => {
    await using cluster = await createKubernetesCluster(kind, programs);
    const { plane, nodes } = cluster;
    await untilReadiness(cluster, "False");
    for (const worker of nodes) await startHeadcni(worker);
    await untilReadiness(cluster, "True");
    for (const { name, node } of nodes) expect(subnetOf(node)).toBe(await podCIDROf(plane, name));

    await deploy(plane, "who", 4);
    const address = await expose(plane, "who");
    const pods = await runningPods(plane, "who", 4);
    expect(new Set(pods.map(({ node }) => node)).size).toBe(2);
    await allReach(cluster, pods);

    // The Service leads to pods of both nodes, which see the asking pod itself.
    const [first] = pods;
    if (first === undefined) throw new Error("No pods");
    const answers: string[] = [];
    for (let at = 0; at < 30; at++) answers.push(await asks(cluster, first, address, 80));
    const answered = new Set(answers.map((answer) => answer.split(" ")[0]));
    expect([...answered].toSorted()).toEqual(pods.map(({ name }) => name).toSorted());
  }, 600_000);
});
