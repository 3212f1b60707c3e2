// What the kernel's network state does to a daemon: a change is seen, pods that come and go leave it at rest.

import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import type { Node, NodeProcess } from "../harness/node.ts";
import { bootDaemon, flannelNode, reconcilesOf, statusOf, timed } from "./daemon.ts";

/** Until the steps of the start are over. */
async function settled(node: Node): Promise<number> {
  await waitUntil("the monitor runs", async () => (await monitorsOf(node)).length === 1);
  return await reconcilesOf(node, "node");
}

async function monitorsOf(node: Node): Promise<readonly string[]> {
  const { stdout } = await node.run(["pgrep", "-f", "^ip -o monitor"]);
  return stdout.split("\n").filter((pid) => pid !== "");
}

async function stop(node: Node, daemon: NodeProcess): Promise<void> {
  expect(await daemon.stop()).toBe(0);
  expect(await monitorsOf(node)).toEqual([]);
}

describe("headcni-daemon looks again when the kernel's network state changes", () => {
  test("when an address or a route comes or goes", async () => {
    await using node = await flannelNode();
    await node.must(["ip", "link", "add", "lan0", "type", "bridge"]);
    await node.must(["ip", "link", "set", "lan0", "up"]);
    const daemon = await bootDaemon(node);
    const changes = [
      ["addr", "add", "198.51.100.7/24", "dev", "lan0"],
      ["route", "add", "203.0.113.0/24", "dev", "lan0", "table", "52"],
      ["-6", "addr", "add", "2001:db8::7/64", "dev", "lan0"],
      ["addr", "del", "198.51.100.7/24", "dev", "lan0"],
    ];
    let seen = await settled(node);
    for (const change of changes) {
      await node.must(["ip", ...change]);
      const isSeen = async (): Promise<boolean> => (await reconcilesOf(node, "node")) > seen;
      await timed(`ip ${change.join(" ")}`, isSeen);
      expect((await statusOf(node)).agents.node?.lastReconcile?.reasons).toEqual(["network"]);
      seen = await reconcilesOf(node, "node");
    }
    await stop(node, daemon);
  });

  test("not for what each pod's device brings and takes", async () => {
    await using node = await flannelNode();
    await node.must(["ip", "link", "add", "lan0", "type", "bridge"]);
    await node.must(["ip", "link", "set", "lan0", "up"]);
    const daemon = await bootDaemon(node);
    const before = await settled(node);
    const pods = `for pod in $(seq 50); do
      ip link add veth$pod type veth peer name eth$pod && ip link set veth$pod master lan0 up && ip link set eth$pod up
    done; sleep 1; for pod in $(seq 50); do ip link del veth$pod; done`;
    await node.must(["sh", "-c", pods]);
    expect(await reconcilesOf(node, "node")).toBe(before);
    await stop(node, daemon);
  });

  test("also after the monitor was killed, which makes a step of its own", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    const before = await settled(node);
    const [monitor = ""] = await monitorsOf(node);
    await node.must(["kill", "-9", monitor]);
    await waitUntil("a step", async () => (await reconcilesOf(node, "node")) > before);
    const seen = await settled(node);
    await node.must(["ip", "addr", "add", "198.51.100.7/24", "dev", "lo"]);
    const isSeen = async (): Promise<boolean> => (await reconcilesOf(node, "node")) > seen;
    await timed("an address", isSeen);
    await stop(node, daemon);
  });
});
