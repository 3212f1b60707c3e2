// The mesh on the lab tailnet, for machines without the real programs, and for what the real ones do not do on demand.

import { expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { conditionCodes, get } from "../daemon/daemon.ts";
import { headcni } from "../harness/headcni.ts";
import { createNode } from "../harness/node.ts";
import { createLabTailnet } from "../lab/lab.ts";
import { expectAlerts, scrape } from "../monitoring/scraped.ts";
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

  const isWell = async (): Promise<boolean> => (await Promise.all(nodes.map(conditionCodes))).flat().length === 0;
  await waitUntil("no node has anything to say", isWell, 60_000);
  const well = await scrape(...nodes);
  const alone = await scrape(n1);

  // This node's route is taken back, and another node gets it.
  control.setApproves();
  control.approve(idOf("n1"), []);
  await becomes(n1, daemon1, "n1 unapproved, n2 silent, n3 silent");
  await hasCondition("RouteNotApproved");
  const isCutOff = async (): Promise<boolean> =>
    (await Promise.all([n2, n3].map(routesOf))).every((routes) => !routes.includes("n1 live"));
  await waitUntil("the others say so, too", isCutOff, 60_000);
  const unapproved = await scrape(...nodes);
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
  const contested = await scrape(...nodes);
  control.remove(idOf("corp"));
  control.approve(idOf("n1"), ["10.244.1.0/24"]);
  await becomes(n1, daemon1, live);
  expect(await conditionCodes(n1)).toEqual([]);
  // By a relay alone, with a key for another three days.
  lab1.says = { isRelayed: true, keyExpiry: new Date(Date.now() + 3 * 86_400_000).toISOString() };
  daemon1.kill("SIGHUP");
  const isRelayed = async (): Promise<boolean> => (await get(n1, "/metrics")).body.includes('_direct{peer="n3"} 0');
  await waitUntil("n1 says that it reaches others by a relay", isRelayed, 20_000);
  const relayed = await scrape(...nodes);
  lab1.says = {};

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

  await expectAlerts([
    { scrape: well, fires: [] },
    { scrape: alone, fires: [{ alertname: "HeadCNINodesNotScraped" }] },
    {
      scrape: unapproved,
      othersMayFire: true,
      fires: [
        { alertname: "HeadCNINodeCutOff", peer: "n1" },
        { alertname: "HeadCNICondition", node: "n1", code: "RouteNotApproved" },
      ],
    },
    {
      scrape: contested,
      othersMayFire: true,
      fires: [{ alertname: "HeadCNINodeNotReady", node: "n1" }, { alertname: "HeadCNIPodCIDRConflict" }],
    },
    {
      scrape: relayed,
      othersMayFire: true,
      fires: [
        { alertname: "HeadCNIRelayedOnly", node: "n1" },
        { alertname: "HeadCNINodeKeyExpires", node: "n1" },
      ],
    },
  ]);
}, 240_000);
