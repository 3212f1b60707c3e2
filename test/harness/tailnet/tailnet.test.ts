// What the tests of the tailnet lean on: a real Headscale, real tailscaleds, and NATs that are some.

import { expect, test } from "bun:test";
import { waitUntil } from "../../../src/sys/testing.ts";
import { createNode } from "../node.ts";
import { startHeadscale } from "./headscale.ts";
import { joinTailnet } from "./join.ts";
import { findTailnetPrograms } from "./programs.ts";
import { startTailscaled } from "./tailscaled.ts";
import { createWan } from "./wan.ts";

const programs = findTailnetPrograms();
if (typeof programs === "string") console.log(`    not run, the real tailnet: ${programs}`);
else {
  test("a node behind a NAT joins a real tailnet and is reached there, while nothing from outside reaches it", async () => {
    await using control = await createNode({ name: "control" });
    await using router = await createNode({ name: "router" });
    await using open = await createNode({ name: "open" });
    await using inside = await createNode({ name: "inside" });
    const wan = await createWan(control);
    const headscale = await startHeadscale(control, programs.headscale, { address: wan.address });
    const routerAddress = await wan.attach(router);
    await wan.attach(open);
    await wan.attachBehind(inside, router, "192.168.7.0/24");
    await startTailscaled(open, programs.tailscaled);
    await startTailscaled(inside, programs.tailscaled);
    await joinTailnet(open, { headscale, acceptRoutes: true });
    const address = await joinTailnet(inside, { headscale, advertiseRoutes: ["10.244.7.0/24"] });
    expect(await headscale.cli("nodes", "list-routes")).toContain("10.244.7.0/24");
    const ping = (to: string) => open.run(["busybox", "ping", "-c1", "-W2", to]);
    await waitUntil("the node inside answers", async () => (await ping(address)).exitCode === 0, 20_000);
    const routes = async () => (await open.run(["ip", "route", "show", "table", "52"])).stdout;
    await waitUntil("its route is accepted", async () => (await routes()).includes("10.244.7.0/24 dev tailscale0"));
    const unsolicited = await open.run(["nc", "-z", "-w", "2", routerAddress, "22"]);
    expect(unsolicited.exitCode).not.toBe(0);
  }, 90_000);
}
