// Nodes joined over a tailnet: pods reach pods of other nodes and are seen with their own addresses, whatever happens to the programs
// and rules beneath them.

import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { nodeAsks } from "../harness/tailnet/who.ts";
import { allPairs, createCluster, patienceMs } from "./cluster.ts";
import { tailnets } from "./tailnets.ts";

describe.each(tailnets)("three nodes on the $name tailnet", (kind) => {
  test("pods of all nodes reach each other, whatever is taken away for a while", async () => {
    await using cluster = await createCluster(kind);
    const { members, tailnet } = cluster;
    const [one, two] = members;
    if (one === undefined || two === undefined) throw new Error("No members");
    await allPairs(members);
    expect(await nodeAsks(one.node, two.pod)).toMatch(/^100\.64\.0\./);

    await one.node.must([
      "sh",
      "-c",
      "for p in 5200 5210 5230 5250 5270 5280 5281; do ip rule del pref $p; done; true",
    ]);
    await allPairs(members);
    await one.node.must(["nft", "delete", "table", "inet", "headcni"]);
    await allPairs(members);

    await two.tailscaled.stop();
    await waitUntil(
      "pods of the stopped node are out of reach",
      async () => (await one.pod.asks(two.pod)) === "",
      patienceMs,
    );
    await two.tailscaled.start();
    await allPairs(members);
    await two.tailscaled.kill();
    await two.tailscaled.start();
    await allPairs(members);

    await tailnet.setControl("down");
    await allPairs(members);
    await tailnet.setControl("up");
    await allPairs(members);
  }, 300_000);
});
