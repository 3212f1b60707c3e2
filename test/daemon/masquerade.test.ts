// network.masquerade: daemon, against the real nft and real packets.

import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { headcniDaemon } from "../harness/headcni.ts";
import type { Node } from "../harness/node.ts";
import { bootDaemon, conditionCodes, configFile, flannelNode, reconcilesOf, timed, waitForOutput } from "./daemon.ts";
import { addPod } from "./pods.ts";

const masquerade = (mode: string) => ({ [configFile]: `network: {masquerade: ${mode}}\n` });
const table = async (node: Node): Promise<string> =>
  (await node.run(["nft", "list", "table", "inet", "headcni"])).stdout;

/** A machine beside the node, on a wire of its own, that counts pings by where they come from. */
async function addNeighbour(node: Node, name: string, address: string, nodeAddress: string): Promise<void> {
  const inside = ["ip", "netns", "exec", name];
  await node.must(["ip", "netns", "add", name]);
  await node.must(["ip", "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name]);
  await node.must(["ip", "addr", "add", `${nodeAddress}/24`, "dev", name]);
  await node.must(["ip", "link", "set", name, "up"]);
  await node.must([...inside, "ip", "addr", "add", `${address}/24`, "dev", "eth0"]);
  await node.must([...inside, "ip", "link", "set", "eth0", "up"]);
  await node.must([...inside, "ip", "route", "add", "default", "via", nodeAddress]);
  const rule = (source: string, who: string) => `ip saddr ${source} icmp type echo-request counter comment "${who}"`;
  const rules = [
    "table ip t {",
    "chain i {",
    "type filter hook input priority 0",
    rule("10.42.3.0/24", "pod"),
    rule(nodeAddress, "node"),
    "}",
    "}",
    "",
  ].join("\n");
  await node.must([...inside, "nft", "-f", "-"], { stdin: rules });
}

/** Pings from a pod and says whether the neighbour saw the pod or the node. */
async function seenFrom(node: Node, neighbour: string, address: string): Promise<string[]> {
  await node.must(["ip", "netns", "exec", "pod1", "busybox", "ping", "-c1", "-W2", address]);
  const counters = await node.must(["ip", "netns", "exec", neighbour, "nft", "list", "table", "ip", "t"]);
  return [...counters.matchAll(/counter packets [1-9].* comment "(\w+)"/g)].map(([, who]) => who ?? "");
}

describe("headcni-daemon with network.masquerade: daemon", () => {
  test("rewrites what leaves the cluster, and nothing within it", async () => {
    await using node = await flannelNode(masquerade("daemon"));
    const daemon = await bootDaemon(node);
    await addPod(node, "pod1");
    await addPod(node, "pod2");
    await addNeighbour(node, "outside", "192.0.2.2", "192.0.2.1");
    await addNeighbour(node, "cluster", "10.42.9.2", "10.42.9.1");
    expect(await seenFrom(node, "outside", "192.0.2.2")).toEqual(["node"]);
    expect(await seenFrom(node, "cluster", "10.42.9.2")).toEqual(["pod"]);
    expect(await node.must(["ip", "netns", "exec", "pod1", "busybox", "ping", "-c1", "-W2", "10.42.3.3"])).toContain(
      "1 packets received",
    );
    expect((await node.must(["iptables-save", "-t", "nat"])).match(/CNI-/g)).toBeNull();
    await daemon.stop();
  });

  test("holds its rules: mends them, leaves them alone when right, and takes them out when told to", async () => {
    await using node = await flannelNode(masquerade("daemon"));
    const daemon = await bootDaemon(node);
    const right = await table(node);
    expect(right).toContain("masquerade");
    const lookAgain = async (): Promise<void> => {
      const count = await reconcilesOf(node, "dataplane");
      daemon.kill("SIGHUP");
      await waitUntil("it has looked again", async () => (await reconcilesOf(node, "dataplane")) > count);
    };
    const handles = () => node.must(["nft", "-a", "list", "table", "inet", "headcni"]);
    const before = await handles();
    await lookAgain();
    expect(await handles()).toBe(before);
    for (const harm of [
      "flush table inet headcni",
      "delete table inet headcni",
      "insert rule inet headcni postrouting accept",
      "flush ruleset",
    ]) {
      const unharmed = await handles();
      await node.must(["nft", harm]);
      // It may have repaired it by now: new handles tell that there was something to repair.
      const isRepaired = async () => (await table(node)) === right && (await handles()) !== unharmed;
      await waitUntil(`${harm} is repaired`, isRepaired);
    }
    node.write(configFile, "network: {masquerade: none}\n");
    await timed("takes the rules out", async () => (await table(node)) === "");
    await daemon.stop();
  });

  test("takes out at its start what an earlier daemon left, and nothing else", async () => {
    await using node = await flannelNode(masquerade("daemon"));
    const first = await bootDaemon(node);
    await first.stop();
    expect(await table(node)).toContain("masquerade");
    await node.must(["nft", "add table inet somebody"]);
    node.write(configFile, "network: {masquerade: bridge}\n");
    const second = await bootDaemon(node);
    expect(await node.must(["nft", "list", "tables"])).toBe("table inet somebody\n");
    await second.stop();
  });

  test("says why it cannot when nft is missing", async () => {
    await using node = await flannelNode(masquerade("daemon"));
    await node.must(["sh", "-c", "mkdir /only && ln -s $(command -v ip) /only/ip"]);
    const daemon = await node.spawn(["/usr/bin/env", "PATH=/only", headcniDaemon]);
    await waitForOutput(daemon, "MasqueradeNotApplied");
    await waitForOutput(daemon, "Status and metrics are served on");
    expect(daemon.output()).toContain("Cannot run nft: it is not installed");
    expect(await conditionCodes(node)).toEqual(["MasqueradeNotApplied"]);
    await daemon.stop();
  });
});
