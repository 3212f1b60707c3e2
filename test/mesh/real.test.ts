// The mesh on a real tailnet: three nodes with the daemon, from bare to live routes, and what it says when something is taken away.

import { expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { conditionCodes } from "../daemon/daemon.ts";
import { headcni } from "../harness/headcni.ts";
import { createNode, type Node, type NodeProcess } from "../harness/node.ts";
import { type Headscale, nodeTag, policyOf, startHeadscale } from "../harness/tailnet/headscale.ts";
import { joinTailnet } from "../harness/tailnet/join.ts";
import { findTailnetPrograms } from "../harness/tailnet/programs.ts";
import { startTailscaled } from "../harness/tailnet/tailscaled.ts";
import { createWan } from "../harness/tailnet/wan.ts";
import { becomes, bootMeshNode, meshOf, routesOf } from "./mesh-node.ts";

const programs = findTailnetPrograms();

async function idOf(headscale: Headscale, name: string): Promise<string> {
  const list: { id: number | string; name: string }[] = JSON.parse(await headscale.cli("nodes", "list", "-o", "json"));
  return String(list.find((node) => node.name === name)?.id);
}

if (typeof programs === "string") console.log(`    not run, the mesh on a real tailnet: ${programs}`);
else {
  test("three nodes see each other's routes live, and tell what is missing", async () => {
    await using control = await createNode({ name: "control" });
    await using n1 = await createNode({ name: "n1" });
    await using n2 = await createNode({ name: "n2" });
    await using n3 = await createNode({ name: "n3" });
    const nodes = [n1, n2, n3];
    const wan = await createWan(control);
    const headscale = await startHeadscale(control, programs.headscale, { address: wan.address });
    for (const node of nodes) await wan.attach(node);
    const { url } = headscale;
    const boot = async (node: Node): Promise<NodeProcess> => {
      await startTailscaled(node, programs.tailscaled);
      return await bootMeshNode(node, { url, key: await headscale.authKey() });
    };
    const daemons = await Promise.all(nodes.map(boot));
    const [daemon] = daemons;
    if (daemon === undefined) throw new Error("no daemon");

    await waitUntil(
      "all routes are live",
      async () => {
        const all = await Promise.all(nodes.map(routesOf));
        return all.every((routes) => routes.split(", ").length === 3 && !/silent|unknown|unapproved/.test(routes));
      },
      60_000,
    );
    const { nodes: rows, conflicts } = await meshOf(n1);
    expect(conflicts).toEqual([]);
    expect(rows.map(({ name, self, podCIDRs }) => `${name} ${self} ${podCIDRs}`)).toEqual([
      "n1 true 10.244.1.0/24",
      "n2 false 10.244.2.0/24",
      "n3 false 10.244.3.0/24",
    ]);
    for (const { rttSeconds } of rows.slice(1)) expect(rttSeconds).toBeLessThan(0.5);
    console.log((await n1.must([headcni, "mesh"])).trimEnd());
    expect(await conditionCodes(n1)).toEqual([]);

    const all = { live: "n1 live, n2 live, n3 live", deaf: "n1 unapproved, n2 silent, n3 silent" };
    const allow = (...dst: readonly string[]): Promise<void> =>
      headscale.setPolicy({ ...policyOf("10.244.0.0/16"), acls: [{ action: "accept", src: [nodeTag], dst }] });

    // Nodes may talk to nodes and pods, pods to nobody.
    await allow(`${nodeTag}:*`, "10.244.0.0/16:*");
    await becomes(n1, daemon, all.deaf);
    await waitUntil("it says so", async () => (await conditionCodes(n1)).join() === "RouteNotApproved", 60_000);
    // Nodes may talk to nodes alone: the control server hides the routes.
    await allow(`${nodeTag}:*`);
    await becomes(n1, daemon, "n1 unapproved, n2 unapproved, n3 unapproved");
    await headscale.setPolicy(policyOf("10.244.0.0/16"));
    await becomes(n1, daemon, all.live);

    // This node's route alone is taken back; a policy that approves it would do so again.
    await headscale.setPolicy(policyOf("10.99.0.0/16"));
    await headscale.cli("nodes", "approve-routes", "--identifier", await idOf(headscale, "n1"), "--routes", "");
    await becomes(n1, daemon, all.deaf);
    await headscale.cli(
      "nodes",
      "approve-routes",
      "--identifier",
      await idOf(headscale, "n1"),
      "--routes",
      "10.244.1.0/24",
    );
    await becomes(n1, daemon, all.live);

    await headscale.setPolicy(policyOf("10.244.0.0/16"));

    // Another node serves a range around everybody's.
    await using corp = await createNode({ name: "corp" });
    await wan.attach(corp);
    await startTailscaled(corp, programs.tailscaled);
    await joinTailnet(corp, { headscale, advertiseRoutes: ["10.244.0.0/20"] });
    await waitUntil(
      "the conflict is seen",
      async () => (await conditionCodes(n1)).includes("PodCIDRSwallowed"),
      20_000,
    );
    expect((await meshOf(n1)).conflicts).toEqual([
      { kind: "supernet", podCIDR: "10.244.1.0/24", node: "n1", route: "10.244.0.0/20", servedBy: "corp" },
    ]);
    for (const each of daemons) expect(await each.stop()).toBe(0);
  }, 240_000);
}
