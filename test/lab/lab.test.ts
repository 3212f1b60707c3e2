// The lab itself: what the tests of the tailnet rely on without the real programs.

import { expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { createNode, type Node } from "../harness/node.ts";
import { tailscaleSocket } from "../harness/tailnet/tailscaled.ts";
import { createLabTailnet } from "./lab.ts";

/** The first line of a bus. */
async function firstLine(node: Node, path: string) {
  const response = await fetch(`http://local-tailscaled.sock${path}`, { unix: node.path(tailscaleSocket) });
  for await (const chunk of response.body ?? []) {
    return JSON.parse(new TextDecoder().decode(chunk));
  }
}

test("nodes of the lab reach what others serve, and nothing that they do not", async () => {
  await using tailnet = await createLabTailnet();
  await using one = await createNode({ name: "node-1" });
  await using two = await createNode({ name: "node-2" });
  const { control } = tailnet;
  const labs = [await tailnet.start(one), await tailnet.start(two)];
  for (const [index, lab] of labs.entries()) {
    const routes = [`10.244.${index + 1}.0/24`];
    await lab.startWith(control.key, {
      ...lab.prefs,
      ControlURL: control.url,
      WantRunning: true,
      RouteAll: true,
      AdvertiseRoutes: routes,
    });
    await lab.logInInteractive();
    await lab.node.must(["ip", "link", "add", "pods", "type", "bridge"]);
    await lab.node.must(["ip", "addr", "add", `10.244.${index + 1}.1/24`, "dev", "pods"]);
    await lab.node.must(["ip", "link", "set", "pods", "up"]);
  }
  const ping = (to: string, from = "100.64.0.1") => one.run(["busybox", "ping", "-c1", "-W1", "-I", from, to]);
  const answers = async (to: string, from?: string) => (await ping(to, from)).exitCode === 0;
  await waitUntil("the other node answers", () => answers("100.64.0.2"), 20_000);
  await waitUntil("its route is served", () => answers("10.244.2.1"), 20_000);
  expect(await answers("10.244.2.1", "10.244.1.1")).toBe(true);
  const [map] = (await firstLine(one, "/localapi/v0/watch-ipn-bus?mask=8")).NetMap.Peers;
  expect(map).toMatchObject({ StableID: "2", Hostinfo: { RoutableIPs: ["10.244.2.0/24"] } });
  control.approve(1, []);
  await waitUntil("an unapproved source is dropped", async () => !(await answers("10.244.2.1", "10.244.1.1")), 20_000);
  expect(await answers("10.244.2.1")).toBe(true);
  await one.must(["ip", "rule", "del", "pref", "5270"]);
  await waitUntil("the rule is back", () => answers("100.64.0.2"));
  await one.must(["ip", "route", "flush", "table", "52"]);
  expect(await answers("10.244.2.1")).toBe(false);
  await labs[0]?.edit({ RouteAll: false, RouteAllSet: true });
  await labs[0]?.edit({ RouteAll: true, RouteAllSet: true });
  expect(await one.must(["ip", "route", "show", "table", "52"])).toBe("10.244.2.0/24 dev tailscale0 scope link \n");
}, 60_000);
