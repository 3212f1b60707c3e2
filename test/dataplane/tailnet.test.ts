// Pods of two nodes over a tailnet: whose address the other one sees, whatever masquerades and whichever firewall the host has.

import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { configFile } from "../daemon/daemon.ts";
import { addPod } from "../daemon/pods.ts";
import { cleanAgent, countSources, joinedNodes, onceAgent, pings, seenIn, shell } from "./nodes.ts";

const inputs = (own: number, peer: number) => ({
  podCIDRs: `10.244.${own}.0/24,fd00:${own}::/64`,
  clusterCIDRs: ["10.244.0.0/16", "fd00::/16"],
  peers: [`10.244.${peer}.0/24`, `fd00:${peer}::/64`],
});

const sources = {
  pod: "10.244.1.2",
  "pod, IPv6": "fd00:1::2",
  gateway: "10.244.1.1",
  "own gateway": "10.244.2.1",
  node: "100.64.0.1",
  "node, IPv6": "fd7a:115c:a1e0::1",
};

/** Whom a pod of the second node sees when a pod of the first, or that node itself, pings it; undefined when no answer comes. */
async function seenFrom(
  { one, two }: Awaited<ReturnType<typeof joinedNodes>>,
  from: "pod" | undefined,
  to: string,
  options: readonly string[] = [],
): Promise<readonly string[] | undefined> {
  await countSources(two.node, "pod", sources);
  const isAnswered = await pings(one.node, from, to, options);
  return isAnswered ? seenIn(two.node, "pod") : undefined;
}

describe("pods of two nodes", () => {
  test("see each other's own addresses with the default conflist", async () => {
    await using nodes = await joinedNodes();
    const { one, two } = nodes;
    for (const { node } of [one, two]) await addPod(node, "pod");
    expect(await seenFrom(nodes, "pod", "10.244.2.2")).toEqual(["own gateway"]);
    expect((await onceAgent(one.node, inputs(1, 2))).codes).toEqual([]);
    expect((await onceAgent(two.node, inputs(2, 1))).codes).toEqual([]);
    expect(await seenFrom(nodes, "pod", "10.244.2.2")).toEqual(["pod"]);
    // An IPv6 address is of no use until the kernel has found it to be no one else's.
    await waitUntil("IPv6 is up", () => pings(one.node, "pod", "fd00:2::2"));
    expect(await seenFrom(nodes, "pod", "fd00:2::2")).toEqual(["pod, IPv6"]);
    // The node itself, over the tailnet and by its gateway.
    expect(await seenFrom(nodes, undefined, "10.244.2.2")).toEqual(["node"]);
    expect(await seenFrom(nodes, undefined, "10.244.2.2", ["-I", "10.244.1.1"])).toEqual(["gateway"]);
    // What flushes iptables takes nothing of it, and a strict filter of reverse paths drops nothing.
    await shell(two.node, ["iptables -t nat -F", "iptables -F"]);
    for (const { node } of [one, two]) {
      await shell(
        node,
        ["all", "tailscale0", "headcni0"].map((name) => `sysctl -qw net.ipv4.conf.${name}.rp_filter=1`),
      );
    }
    expect(await seenFrom(nodes, "pod", "10.244.2.2")).toEqual(["pod"]);
  });

  test("see each other's own addresses before either daemon knows of the other's node", async () => {
    await using nodes = await joinedNodes();
    const { one, two } = nodes;
    for (const { node } of [one, two]) await addPod(node, "pod");
    // A network of the host inside the cluster's CIDR: what pods send there is masqueraded as before.
    await shell(one.node, ["ip link add lan type bridge", "ip addr add 10.244.99.1/24 dev lan", "ip link set lan up"]);
    for (const number of [1, 2]) {
      const { node } = number === 1 ? one : two;
      expect((await onceAgent(node, { ...inputs(number, 3 - number), peers: [] })).codes).toEqual([]);
    }
    expect(await seenFrom(nodes, "pod", "10.244.2.2")).toEqual(["pod"]);
    await waitUntil("IPv6 is up", () => pings(one.node, "pod", "fd00:2::2"));
    expect(await seenFrom(nodes, "pod", "fd00:2::2")).toEqual(["pod, IPv6"]);
    const postrouting = "type filter hook postrouting priority 300;";
    const counters = ["10.244.99.1", "10.244.1.2"].map((source) => `oifname lan ip saddr ${source} counter`);
    await one.node.must(["nft", "-f", "-"], {
      stdin: `table ip seen { chain o { ${[postrouting, ...counters].join("\n")}\n}\n}\n`,
    });
    expect(await pings(one.node, "pod", "10.244.99.9")).toBe(false);
    const [masqueraded, kept] = (await shell(one.node, ["nft list table ip seen"])).match(/counter packets \d+/g) ?? [];
    expect([masqueraded, kept]).toEqual(["counter packets 1", "counter packets 0"]);
  });

  test("see each other's own addresses when the daemon masquerades, and an unadvertised route is not proven", async () => {
    await using nodes = await joinedNodes({
      files: { [configFile]: "network: {masquerade: daemon}\n" },
      ipMasq: false,
    });
    const { one, two } = nodes;
    for (const { node } of [one, two]) await addPod(node, "pod");
    // The cluster's CIDR is not known: the peers' PodCIDRs alone say what is a pod's.
    const withoutCluster = (own: number, peer: number) => ({ ...inputs(own, peer), clusterCIDRs: [] });
    await onceAgent(one.node, withoutCluster(1, 2));
    await onceAgent(two.node, withoutCluster(2, 1));
    expect(await seenFrom(nodes, "pod", "10.244.2.2")).toEqual(["pod"]);
    expect(await pings(one.node, "pod", "100.64.0.2")).toBe(true);
    const proof = () => pings(one.node, undefined, "10.244.2.1", ["-I", "10.244.1.1"]);
    expect(await proof()).toBe(true);
    await shell(two.node, ["ip route del 10.244.1.0/24 table 52"]);
    expect(await proof()).toBe(false);
    // Nor where this node does not know that its peer is one.
    await onceAgent(one.node, { ...withoutCluster(1, 2), peers: [] });
    expect(await proof()).toBe(false);
    expect(await pings(one.node, "pod", "10.244.2.2")).toBe(true);
  });
});

describe("a host's firewall that drops forwarded packets", () => {
  test.each([
    ["iptables-nft", "iptables-legacy"],
    ["iptables-legacy", "iptables-nft"],
  ])("lets pods pass in %s, without a table of the other backend", async (program, other) => {
    await using nodes = await joinedNodes({ ipMasq: false });
    const { node } = nodes.one;
    // tailscaled's chains stand in nft's table already; this is another host's.
    await shell(node, [
      "nft flush ruleset",
      `${program} -P FORWARD DROP`,
      `ip6tables${program.slice(8)} -P FORWARD DROP`,
    ]);
    for (const pod of ["pod", "pod2"]) await addPod(node, pod);
    await shell(node, ["ip addr add 192.0.2.1/32 dev lo"]);
    expect(await pings(node, "pod", "10.244.1.3")).toBe(false);
    const before = await shell(node, [`${program} -S`]);
    expect((await onceAgent(node, inputs(1, 2))).codes).toEqual([]);
    expect(await pings(node, "pod", "10.244.1.3")).toBe(true);
    expect(await pings(node, "pod", "fd00:1::3")).toBe(true);
    expect(await shell(node, [`${program} -S FORWARD`])).toContain(
      "-A FORWARD -o headcni0 -m comment --comment headcni",
    );
    const tables = other === "iptables-legacy" ? "cat /proc/net/ip_tables_names" : "nft list tables ip";
    expect(await shell(node, [tables])).toBe("");
    await cleanAgent(node);
    expect(await shell(node, [`${program} -S`])).toBe(before);
  });
});

test("traffic to a peer's pods goes nowhere while the tailnet has no route for them, and a specific route of main still works", async () => {
  await using nodes = await joinedNodes();
  const { one, two } = nodes;
  for (const { node } of [one, two]) await addPod(node, "pod");
  for (const { node } of [one, two]) {
    // A wire beside the tailnet, with the default route on it.
    await shell(node, [
      "ip link add wire type dummy 2>/dev/null || ip link add wire type bridge",
      "ip link set wire up",
    ]);
    await shell(node, ["ip addr add 192.0.2.7/24 dev wire", "ip route add default via 192.0.2.1"]);
  }
  const way = async (to: string): Promise<string> =>
    (await one.node.run(["ip", "route", "get", to, "from", "10.244.1.2", "iif", "headcni0"])).stdout;
  const wayV6 = async (): Promise<number | null> =>
    (await one.node.run(["ip", "-6", "route", "get", "fd00:2::2"])).exitCode;
  await shell(one.node, ["ip route flush table 52", "ip -6 route flush table 52"]);
  expect(await way("10.244.2.2")).toContain("dev wire");
  await onceAgent(one.node, inputs(1, 2));
  expect(await way("10.244.2.2")).toBe("");
  expect(await wayV6()).not.toBe(0);
  expect(await way("198.51.100.1")).toContain("dev wire");
  expect(await way("10.244.1.2")).toContain("dev headcni0");
  await shell(one.node, ["ip route add 10.244.2.0/24 via 192.0.2.2"]);
  expect(await way("10.244.2.2")).toContain("via 192.0.2.2 dev wire");
});

test("a stranger's route for the own PodCIDR does not take local traffic", async () => {
  await using nodes = await joinedNodes();
  const { node } = nodes.one;
  await addPod(node, "pod");
  await shell(node, ["ip route add 10.244.1.0/24 via 100.64.0.2 onlink dev tailscale0 table 52"]);
  expect(await pings(node, undefined, "10.244.1.2")).toBe(false);
  await onceAgent(node, inputs(1, 2));
  expect(await pings(node, undefined, "10.244.1.2")).toBe(true);
});
