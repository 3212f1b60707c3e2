// Pods of two nodes over a real tailnet, with the daemon as it is: their own addresses, and what real tailscaled does not put back itself.

import { expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { configFile, timed } from "../daemon/daemon.ts";
import { addPod } from "../daemon/pods.ts";
import { startDaemon } from "../harness/headcni.ts";
import { createNode, type Node } from "../harness/node.ts";
import { startHeadscale } from "../harness/tailnet/headscale.ts";
import { joinTailnet } from "../harness/tailnet/join.ts";
import { findTailnetPrograms } from "../harness/tailnet/programs.ts";
import { startTailscaled } from "../harness/tailnet/tailscaled.ts";
import { createWan } from "../harness/tailnet/wan.ts";
import { countSources, pings, seenIn, shell } from "./nodes.ts";

const config = `network:
  podCIDR:
    base: 10.244.0.0/16
    nodeLocal: {one: 10.244.1.0/24, two: 10.244.2.0/24}
`;

const programs = findTailnetPrograms();
if (typeof programs === "string") console.log(`    not run, pods over the real tailnet: ${programs}`);
else {
  test("pods see each other's addresses, and what was flushed under them comes back", async () => {
    await using control = await createNode({ name: "control" });
    await using one = await createNode({ name: "one", files: { [configFile]: config } });
    await using two = await createNode({ name: "two", files: { [configFile]: config } });
    const wan = await createWan(control);
    const headscale = await startHeadscale(control, programs.headscale, { address: wan.address });
    const daemons = [];
    for (const node of [one, two]) {
      await wan.attach(node);
      await startTailscaled(node, programs.tailscaled);
      await joinTailnet(node, { headscale });
      daemons.push(await startDaemon(node));
      await addPod(node, "pod");
    }
    const seen = async (): Promise<readonly string[]> => {
      await countSources(two, "pod", { pod: "10.244.1.2", gateway: "10.244.2.1", "own node": "100.64.0.1" });
      return (await pings(one, "pod", "10.244.2.2")) ? seenIn(two, "pod") : [];
    };
    const seesThePod = async (): Promise<boolean> => String(await seen()) === "pod";
    await waitUntil("the far pod sees the pod", seesThePod, 30_000);
    const table = (node: Node) => shell(node, ["ip route show table 52"]);
    const forward = (node: Node) => shell(node, ["iptables -S FORWARD"]);
    expect(await forward(one)).toContain("-j ts-forward");

    await shell(one, ["ip route flush table 52"]);
    expect(await seen()).toEqual([]);
    await waitUntil("the peer's route is back", async () => (await table(one)).includes("10.244.2.0/24"), 15_000);
    await timed("and pods talk", seesThePod);

    await shell(one, ["iptables -F", "iptables -t nat -F"]);
    await waitUntil("tailscaled's chains are back", async () => (await forward(one)).includes("-j ts-forward"), 15_000);
    await timed("and the far pod still sees the pod", seesThePod);
    await waitUntil("nothing is left to finish", () => !one.exists("/var/lib/headcni/tailscale-toggle.json"));
    for (const daemon of daemons) await daemon.stop();
  }, 120_000);
}
