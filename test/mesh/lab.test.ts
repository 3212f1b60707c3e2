// The mesh on the lab tailnet, for machines without the real programs, and for what the real ones do not do on demand.

import { expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { conditionCodes } from "../daemon/daemon.ts";
import { headcni } from "../harness/headcni.ts";
import { createNode } from "../harness/node.ts";
import { createLabTailnet } from "../lab/lab.ts";
import { becomes, bootMeshNode, meshOf, routesOf } from "./mesh-node.ts";

test("three nodes see each other's routes live, and tell what is missing", async () => {
  await using tailnet = await createLabTailnet();
  await using n1 = await createNode({ name: "n1" });
  await using n2 = await createNode({ name: "n2" });
  await using n3 = await createNode({ name: "n3" });
  await using corp = await createNode({ name: "corp" });
  const { control } = tailnet;
  const nodes = [n1, n2, n3];
  const labs = await Promise.all(nodes.map((node) => tailnet.start(node)));
  const daemons = await Promise.all(nodes.map((node) => bootMeshNode(node, control)));
  const [[lab1, lab2], [daemon1]] = [labs, daemons];
  if (lab1 === undefined || lab2 === undefined || daemon1 === undefined) throw new Error("no node");
  const idOf = (name: string): number => control.nodes().find((node) => node.name === name)?.id ?? 0;
  const hasCondition = (code: string) => waitUntil(code, async () => (await conditionCodes(n1)).includes(code), 60_000);

  const live = "n1 live, n2 live, n3 live";
  const all = async (): Promise<boolean> =>
    (await Promise.all(nodes.map(routesOf))).every((routes) => !/silent|unknown|unapproved/.test(routes));
  await becomes(n1, daemon1, live);
  await waitUntil("all routes are live", all, 60_000);
  expect((await meshOf(n1)).nodes.map(({ name, self, podCIDRs }) => `${name} ${self} ${podCIDRs}`)).toEqual([
    "n1 true 10.244.1.0/24",
    "n2 false 10.244.2.0/24",
    "n3 false 10.244.3.0/24",
  ]);

  // This node's route is taken back, and another node gets it.
  control.setApproves();
  control.approve(idOf("n1"), []);
  await becomes(n1, daemon1, "n1 unapproved, n2 silent, n3 silent");
  await hasCondition("RouteNotApproved");
  const stranger = await tailnet.start(corp);
  await stranger.startWith(control.key, {
    ...stranger.prefs,
    ControlURL: control.url,
    WantRunning: true,
    Hostname: "corp",
    AdvertiseRoutes: ["10.244.1.0/24"],
  });
  await stranger.logInInteractive();
  control.approve(idOf("corp"), ["10.244.1.0/24"]);
  await hasCondition("AssignedPodCIDRContested");
  expect((await meshOf(n1)).conflicts).toEqual([
    { kind: "duplicate", podCIDR: "10.244.1.0/24", node: "n1", route: "10.244.1.0/24", servedBy: "corp" },
  ]);
  control.remove(idOf("corp"));
  control.approve(idOf("n1"), ["10.244.1.0/24"]);
  await becomes(n1, daemon1, live);
  expect(await conditionCodes(n1)).toEqual([]);

  // A node is away, and this one's own tailscaled is.
  await tailnet.end(lab2, "kill");
  control.setOnline(idOf("n2"), false);
  await becomes(n1, daemon1, "n1 live, n2 unknown, n3 live");
  expect((await meshOf(n1)).nodes[1]).toMatchObject({ online: false, podCIDRs: ["10.244.2.0/24"] });
  await tailnet.end(lab1, "stop");
  await waitUntil(
    "what is shown is the last known",
    async () => (await n1.must([headcni, "mesh"]).catch(() => "")).startsWith("This is what was known last:"),
    20_000,
  );
  await tailnet.start(n2);
  await tailnet.start(n1);
  await becomes(n1, daemon1, live);
  for (const daemon of daemons) expect(await daemon.stop()).toBe(0);
}, 240_000);
