// What the agent holds in a real kernel: repaired when something else changes it, replaced at an upgrade, left alone by the bridge
// plugin, taken out without a trace.

import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { configFile, timed } from "../daemon/daemon.ts";
import { addPod, removePod } from "../daemon/pods.ts";
import type { Node } from "../harness/node.ts";
import { network, networkHarms, waitForMonitors } from "./harms.ts";
import { cleanAgent, joinedNodes, onceAgent, runAgent, shell } from "./nodes.ts";

const inputs = {
  podCIDRs: "10.244.1.0/24,fd00:1::/64",
  clusterCIDRs: ["10.244.0.0/16", "fd00::/16"],
  peers: ["10.244.2.0/24", "fd00:2::/64"],
};

/** With what other programs show of it. */
async function saved(node: Node): Promise<string> {
  const programs = ["iptables", "ip6tables"].flatMap((name) => [`${name}-nft-save`, `${name}-legacy-save`]);
  const text = await shell(node, [...programs, "ip -brief link | cut -d' ' -f1"]);
  return `${await network(node)}${text.replaceAll(/^#.*$|\[\d+:\d+\]/gm, "")}`;
}

const lookedAt = (step: { readonly count: number }, count: number): boolean => step.count > count;

describe("what the agent holds", () => {
  test("is back as soon as it is heard that something flushed or deleted it", async () => {
    await using nodes = await joinedNodes();
    const { node } = nodes.one;
    await shell(node, ["iptables -P FORWARD DROP", "ip6tables -P FORWARD DROP"]);
    const agent = await runAgent(node, inputs);
    const right = await network(node);
    await waitForMonitors(node);
    for (const [what, harm] of networkHarms) {
      await shell(node, [harm]);
      await timed(what, async () => (await network(node)) === right);
    }
    for (const part of ["table", "rules", "forward", "bridge"]) expect(agent.repairs(part)).toBeGreaterThan(0);
    expect(agent.last().codes).toEqual([]);
    await agent.process.stop();
    expect(await network(node)).toBe(right);
  });

  test("is listened for again when a monitor was killed, and iptables-legacy is looked at with each step", async () => {
    await using nodes = await joinedNodes();
    const { node } = nodes.one;
    await shell(node, ["iptables-legacy -P FORWARD DROP"]);
    const agent = await runAgent(node, inputs);
    const forward = () => shell(node, ["iptables-legacy -S FORWARD"]);
    const right = await forward();
    expect(right).toContain("-i headcni0");
    await shell(node, ["iptables-legacy -F FORWARD"]);
    const { count } = agent.last();
    agent.process.kill("SIGHUP");
    await waitUntil("it has looked again", () => lookedAt(agent.last(), count));
    expect(await forward()).toBe(right);
    const monitors = () =>
      shell(node, ["grep -al '^nft.monitor' /proc/[0-9]*/cmdline 2>/dev/null | cut -d/ -f3 || true"]);
    await waitUntil("it listens", async () => (await monitors()) !== "");
    await shell(node, [`kill ${(await monitors()).trim()}`, "nft delete table inet headcni"]);
    await timed(
      "the table is back",
      async () => (await node.run(["nft", "list", "table", "inet", "headcni"])).exitCode === 0,
    );
    await waitUntil("it listens again", async () => (await monitors()) !== "");
    await agent.process.stop();
    expect(await monitors()).toBe("");
  });

  test("is told of what tailscaled lost, which it does not hold itself", async () => {
    await using nodes = await joinedNodes();
    const { node } = nodes.one;
    const agent = await runAgent(node, { ...inputs, addresses: ["100.64.0.2"] });
    const none = { hasLostChains: false, lostRoutes: [], lostAddresses: [] };
    expect(agent.last().damage).toEqual(none);
    await shell(node, ["iptables -F FORWARD", "ip6tables -F FORWARD", "ip route flush table 52"]);
    const lost = { hasLostChains: true, lostRoutes: ["10.244.2.0/24"], lostAddresses: ["100.64.0.2"] };
    const isLost = () => JSON.stringify(agent.last().damage) === JSON.stringify(lost);
    await timed("it says what is lost", isLost);
    const route = "ip route add 10.244.2.0/24 via 100.64.0.2 onlink dev tailscale0 table 52";
    const jumps = ["iptables", "ip6tables"].map((program) => `${program} -I FORWARD -j ts-forward`);
    await shell(node, [...jumps, "ip route add 100.64.0.2 dev tailscale0 table 52", route]);
    await timed("nothing is lost", () => JSON.stringify(agent.last().damage) === JSON.stringify(none));
    await agent.process.stop();
  });

  test("takes over from the table an earlier version masqueraded with, in one transaction", async () => {
    await using nodes = await joinedNodes({ files: { [configFile]: "network: {masquerade: daemon}\n" } });
    const { node } = nodes.one;
    const chain = [
      "chain postrouting {",
      "type nat hook postrouting priority 100; policy accept;",
      'ip saddr 10.244.1.0/24 masquerade comment "headcni 012345678901"',
      "}",
    ];
    await node.must(["nft", "-f", "-"], { stdin: ["table inet headcni {", ...chain, "}", ""].join("\n") });
    // Stamps each transaction the agent makes; one that left the node without a chain would show two.
    const monitor = await node.spawn(["nft", "monitor"], { log: "/var/log/monitor" });
    await waitUntil("it listens", async () => {
      await shell(node, ["nft add table inet probe", "nft delete table inet probe"]);
      return monitor.output().includes("probe");
    });
    await onceAgent(node, inputs);
    await waitUntil("it has seen it", () => monitor.output().includes("keepsource"));
    await monitor.stop();
    const generations = monitor.output().split(/^# new generation .*$/m);
    const ours = generations.filter((generation) => /inet headcni/.test(generation));
    expect(ours.length).toBe(1);
    expect(ours[0]).toMatch(/delete table inet headcni[\s\S]*add chain inet headcni postrouting/);
  });

  test("leaves nothing, also of a daemon that was killed, and nothing of others' is touched", async () => {
    await using nodes = await joinedNodes();
    const { node } = nodes.one;
    await shell(node, [
      "iptables -P FORWARD DROP",
      "ip6tables -P FORWARD DROP",
      "iptables -A FORWARD -i headcni0 -j ACCEPT",
      "ip rule add pref 5200 to 10.9.0.0/16 lookup main",
      "nft add table inet other",
    ]);
    const before = await saved(node);
    const agent = await runAgent(node, inputs);
    expect(await saved(node)).not.toBe(before);
    agent.process.kill("SIGKILL");
    await agent.process.exited;
    await cleanAgent(node);
    expect(await saved(node)).toBe(before);
    expect(await cleanAgent(node)).toBe("");
    // A bridge that pods hang on stays.
    await addPod(node, "pod");
    await onceAgent(node, inputs);
    await cleanAgent(node);
    expect(await shell(node, ["ip -brief addr show dev headcni0"])).toContain("10.244.1.1/24");
  });
});

describe("the bridge", () => {
  /** Its own address and settings. The MTU of a bridge is that of its ports while it has any. */
  const facts = async (node: Node): Promise<string> => {
    const text = await shell(node, [
      "ip -d link show headcni0 | tail -n +2 | sed 's/ mtu [0-9]*//; s/numtxqueues.*//'",
      "ip -o addr show dev headcni0 scope global | sed 's/^[0-9]*: //'",
    ]);
    return text.replaceAll(
      / (?:nodad|tentative)\b|(?:hello|tcn|topology_change|gc)_timer +[\d.]+|designated_root \S+|fdb_n_learned \d+/g,
      "",
    );
  };
  const mtu = (node: Node) => shell(node, ["cat /sys/class/net/headcni0/mtu"]);

  test("that the agent made is taken by pods as it is, and keeps its address as they come and go", async () => {
    await using nodes = await joinedNodes();
    const { node } = nodes.one;
    await onceAgent(node, inputs);
    const made = await facts(node);
    expect(made).toContain("inet 10.244.1.1/24 brd 10.244.1.255");
    expect(made).toContain("inet6 fd00:1::1/64");
    expect(await mtu(node)).toBe("1280\n");
    // Answered before the first pod, in both families.
    expect(
      await shell(node, ["busybox ping -c1 -W1 -I 10.244.1.1 100.64.0.1", "busybox ping -c1 -W1 fd00:1::1"]),
    ).toContain("1 packets received");
    for (const pod of ["pod1", "pod2"]) await addPod(node, pod);
    expect(await facts(node)).toBe(made);
    expect(await mtu(node)).toBe("1280\n");
    for (const pod of ["pod1", "pod2"]) await removePod(node, pod);
    expect(await facts(node)).toBe(made);
  });

  test("that a pod made is left alone, and is what the agent would have made", async () => {
    await using nodes = await joinedNodes();
    const { one, two } = nodes;
    await addPod(one.node, "pod");
    const made = await facts(one.node);
    await onceAgent(one.node, inputs);
    expect(await facts(one.node)).toBe(made);
    await onceAgent(two.node, { podCIDRs: inputs.podCIDRs, peers: [] });
    const withoutMac = (text: string): string => text.replaceAll(/([0-9a-f]{1,2}:){5}[0-9a-f]{1,2}/g, "MAC");
    expect(withoutMac(await facts(two.node))).toBe(withoutMac(made));
  });
});
