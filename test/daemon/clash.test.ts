// A PodCIDR and the networks the node is on: real interfaces whose addresses come and go, before a daemon and while it runs.

import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { headcni, headcniDaemon } from "../harness/headcni.ts";
import { createNode, type Node } from "../harness/node.ts";
import {
  bootDaemon,
  conditionCodes,
  configFile,
  flannelFile,
  flannelNode,
  get,
  logLines,
  statusOf,
  subnetEnv,
  subnetOf,
  timed,
} from "./daemon.ts";
import { addPod, removePod } from "./pods.ts";

/** A network card: one end of a cable whose other end leads nowhere. */
async function plugIn(node: Node, device: string, ...addresses: readonly string[]): Promise<void> {
  await node.must(["ip", "link", "add", device, "type", "veth", "peer", "name", `${device}-out`]);
  for (const end of [device, `${device}-out`]) await node.must(["ip", "link", "set", end, "up"]);
  for (const address of addresses) await node.must(["ip", "addr", "add", address, "dev", device, "nodad"]);
}

const ip = (node: Node, command: string): Promise<string> => node.must(["ip", ...command.split(" ")]);

async function textOf(node: Node, code: string): Promise<string> {
  return (await statusOf(node)).conditions.find((each) => each.code === code)?.text ?? "";
}

const scalar = "network:\n  podCIDR:\n    nodeLocal: 10.244.0.0/16\n";

describe("on a node that has no PodCIDR yet", () => {
  test("an operator's range that holds an address of the node is refused by every command, with file and line", async () => {
    await using node = await createNode({ files: { [configFile]: scalar } });
    await plugIn(node, "eth1", "10.244.1.7/24");
    const said = `${configFile}:3: network.podCIDR.nodeLocal: 10.244.0.0/16 holds this node's own address 10.244.1.7/24 on eth1`;
    for (const argv of [
      [headcni, "podcidr"],
      [headcni, "config", "validate"],
      [headcni, "conflist", "render"],
    ]) {
      const { exitCode, stderr } = await node.run(argv);
      expect([argv.at(-1), exitCode]).toEqual([argv.at(-1), 3]);
      expect(stderr).toContain(said);
    }
    const once = await node.run([headcniDaemon, "--once"]);
    expect(once.exitCode).toBe(3);
    expect(once.stderr).toContain("10.244.1.7/24 on eth1");
    const env = await node.run([headcniDaemon, "--once"], {
      env: { HEADCNI_CONFIG: "", NODE_POD_CIDR: "10.244.1.0/25" },
    });
    expect(env.exitCode).toBe(3);
  });

  test.each<[string, readonly string[], string]>([
    ["an address by itself", ["addr add 10.244.1.9/32 dev lo"], "10.244.1.9/32 on lo"],
    ["an IPv6 network", ["addr add fd00:1::7/64 dev eth1 nodad"], "fd00:1::7/64 on eth1"],
    [
      "a route to a part of it",
      ["addr add 192.168.9.2/24 dev eth1", "route add 10.244.1.128/25 via 192.168.9.1"],
      "10.244.1.128/25, which this node has a route to via 192.168.9.1 on eth1",
    ],
    [
      "the network around it",
      ["addr add 10.244.7.9/16 dev eth1"],
      "lies in 10.244.0.0/16, the network this node is on with eth1 (10.244.7.9/16)",
    ],
  ])("%s refuses an operator's range", async (_name, commands, said) => {
    await using node = await createNode();
    await plugIn(node, "eth1");
    for (const command of commands) await ip(node, command);
    const { exitCode, stderr } = await node.run([headcni, "podcidr"], {
      env: { NODE_POD_CIDR: "10.244.1.0/24,fd00:1::/64" },
    });
    expect([exitCode, stderr.includes(said) ? said : stderr]).toEqual([3, said]);
  });

  test("a file's range is passed over, and a guess goes to the next block", async () => {
    await using node = await flannelNode();
    await plugIn(node, "eth1", "10.42.3.77/24");
    const { stdout, stderr } = await node.run([headcni, "podcidr", "-o", "json"]);
    const { source, podCIDRs, trace } = JSON.parse(stdout);
    expect(source).toBe("hash");
    expect(podCIDRs).not.toEqual(["10.42.3.0/24"]);
    expect(trace.find(({ file }: { file?: string }) => file === subnetEnv)).toMatchObject({
      outcome: "skipped",
      code: "own-address",
      reason: "10.42.3.0/24 holds this node's own address 10.42.3.77/24 on eth1",
    });
    expect(stderr).toContain(`${subnetEnv}:2: 10.42.3.0/24 holds this node's own address`);
    const [guess = ""] = podCIDRs;
    await ip(node, `addr add ${guess.replace("0/24", "9/24")} dev eth1`);
    const moved = JSON.parse((await node.run([headcni, "podcidr", "-o", "json"])).stdout);
    expect(moved.podCIDRs).not.toEqual([guess]);
    expect(moved.trace.at(-1).reason).toContain(`${guess} was passed over: it holds this node's own address`);
  });

  test("what flannel left while the node moves is the node's own", async () => {
    await using node = await flannelNode();
    await plugIn(node, "eth0", "192.168.7.2/24");
    const commands = [
      "link add cni0 type bridge",
      "link add flannel.1 type bridge",
      "link set cni0 up",
      "link set flannel.1 up",
      "addr add 10.42.3.1/24 dev cni0",
      "addr add 10.42.3.0/32 dev flannel.1",
      "route add 10.42.4.0/24 via 10.42.4.0 dev flannel.1 onlink",
      "route add default via 192.168.7.1",
      "route add 10.0.0.0/8 via 192.168.7.1",
      "route add 10.42.3.0/24 dev flannel.1 table 52",
    ];
    for (const command of commands) await ip(node, command);
    const { exitCode, stderr } = await node.run([headcniDaemon, "--once"]);
    expect(exitCode).toBe(0);
    expect(logLines(stderr).filter(({ level }) => level === "warn" || level === "error")).toEqual([]);
    expect(subnetOf(node)).toBe("10.42.3.0/24");
    // Another node's block is one that flannel routes elsewhere.
    const other = await node.run([headcni, "podcidr"], { env: { NODE_POD_CIDR: "10.42.4.0/24" } });
    expect(other.stderr).toContain("10.42.3.0/24 stays in force");
    expect(other.stderr).toContain("10.42.4.0/24 is what this node has a route to via 10.42.4.0 on flannel.1");
  });
});

describe("while a PodCIDR is in force", () => {
  test("a lease that clashes is a condition while it lasts, and ends no daemon, old or new", async () => {
    await using node = await createNode({ files: { [configFile]: "network: {podCIDR: {nodeLocal: 10.42.3.0/24}}\n" } });
    await plugIn(node, "eth1", "192.168.9.7/24");
    const daemon = await bootDaemon(node);
    await addPod(node, "pod1");
    expect(await conditionCodes(node)).toEqual([]);
    await ip(node, "addr add 10.42.3.77/24 dev eth1");
    await timed("says it", async () => (await conditionCodes(node)).includes("PodCIDRClash"));
    expect(await conditionCodes(node)).toEqual(["PodCIDRClash"]);
    expect(await textOf(node, "PodCIDRClash")).toStartWith(
      `10.42.3.0/24 holds this node's own address 10.42.3.77/24 on eth1. It came from config ${configFile}, line 1 and stays`,
    );
    expect((await get(node, "/readyz")).status).toBe(200);
    expect(subnetOf(node)).toBe("10.42.3.0/24");
    await ip(node, "addr del 10.42.3.77/24 dev eth1");
    await timed("takes it back", async () => (await conditionCodes(node)).length === 0);
    await ip(node, "addr add 10.42.3.77/24 dev eth1");
    await daemon.stop();
    const once = await node.run([headcniDaemon, "--once"]);
    expect(once.exitCode).toBe(0);
    const next = await bootDaemon(node);
    expect(await conditionCodes(node)).toEqual(["PodCIDRClash"]);
    const asked = await node.run([headcni, "podcidr"]);
    expect([asked.exitCode, asked.stdout.split("\n")[0]]).toEqual([0, "PodCIDR        10.42.3.0/24"]);
    expect(asked.stderr).toContain("10.42.3.77/24 on eth1: it is in force and stays");
    const validated = await node.run([headcni, "config", "validate"]);
    expect(validated.exitCode).toBe(0);
    expect(validated.stderr).toContain(`warning: ${configFile}:1: network.podCIDR.nodeLocal: 10.42.3.0/24 holds`);
    await removePod(node, "pod1");
    await next.stop();
  });

  test("a file's range that clashes later stays too", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    await plugIn(node, "eth1", "10.42.3.77/24");
    await timed("says it", async () => (await conditionCodes(node)).includes("PodCIDRClash"));
    expect(await conditionCodes(node)).toEqual(["PodCIDRClash"]);
    expect(subnetOf(node)).toBe("10.42.3.0/24");
    await daemon.stop();
  });

  test("a new value that clashes, or is wrong, is not taken, by a running daemon or a new one", async () => {
    await using node = await flannelNode();
    await plugIn(node, "eth1", "10.244.1.7/24");
    const daemon = await bootDaemon(node);
    node.write(configFile, scalar);
    await timed("says it", async () => (await conditionCodes(node)).includes("PodCIDRRefused"));
    expect(await textOf(node, "PodCIDRRefused")).toStartWith(
      `10.42.3.0/24 stays in force. ${configFile}:3: network.podCIDR.nodeLocal: 10.244.0.0/16 holds this node's own address`,
    );
    expect(subnetOf(node)).toBe("10.42.3.0/24");
    await daemon.stop();
    const next = await bootDaemon(node);
    expect(await conditionCodes(node)).toEqual(["PodCIDRRefused"]);
    await ip(node, "addr del 10.244.1.7/24 dev eth1");
    await timed("takes it once it is free", () => subnetOf(node) === "10.244.0.0/16");
    await next.stop();
    const wrong = await node.run([headcniDaemon, "--once"], {
      env: { HEADCNI_NETWORK_PODCIDR_NODELOCAL: "", NODE_POD_CIDR: "10.9.9.9" },
    });
    expect(wrong.exitCode).toBe(0);
  });

  test.each([
    ["another node's entry is the same", "nodeLocal: {node-1: 10.244.1.0/24, node-2: 10.244.1.0/24}}"],
    ["its new entry overlaps another's", "nodeLocal: {node-1: 10.244.2.0/25, node-2: 10.244.2.0/24}}"],
    ["others' entries overlap", "nodeLocal: {node-1: 10.244.1.0/24, node-2: 10.244.2.0/24, node-3: 10.244.2.0/24}}"],
    ["every address is this node's", "nodeLocal: 0.0.0.0/0}"],
    ["services are in its range", "nodeLocal: 10.244.1.0/24}, serviceCIDR: 10.244.0.0/16"],
  ])("a configuration in which %s ends no new daemon, and on a fresh node it does", async (_what, podCIDR) => {
    const contradictory = `network: {podCIDR: {${podCIDR}}\n`;
    await using fresh = await createNode({ name: "node-1", files: { [configFile]: contradictory } });
    const refused = await fresh.run([headcniDaemon, "--once"]);
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain("Cannot use the configuration");
    expect(fresh.list("/etc/cni/net.d")).toEqual([]);

    const right = "network: {podCIDR: {nodeLocal: {node-1: 10.244.1.0/24, node-2: 10.244.2.0/24}}}\n";
    fresh.write(configFile, right);
    await (await bootDaemon(fresh)).stop();
    fresh.write(configFile, contradictory);
    const daemon = await bootDaemon(fresh);
    expect(await conditionCodes(fresh)).toContain("ConfigInvalid");
    expect(subnetOf(fresh)).toBe("10.244.1.0/24");
    fresh.write(configFile, right);
    await timed("the condition goes", async () => !(await conditionCodes(fresh)).includes("ConfigInvalid"));
    expect(subnetOf(fresh)).toBe("10.244.1.0/24");
    await daemon.stop();
  });

  test("a guess moves to a block that is free, unless it has pods", async () => {
    await using node = await createNode({ files: { [configFile]: "network: {podCIDR: {base: 10.42.0.0/16}}\n" } });
    const daemon = await bootDaemon(node);
    const first = subnetOf(node);
    await plugIn(node, "eth1", first.replace("0/24", "77/24"));
    await timed("moves", () => subnetOf(node) !== first);
    await waitUntil(
      "settles",
      async () => (await conditionCodes(node)).toSorted().join() === "ClusterCIDROverlaps,PodCIDRNotAuthoritative",
    );
    const second = subnetOf(node);
    await addPod(node, "pod1");
    await ip(node, `addr add ${second.replace("0/24", "78/24")} dev eth1`);
    await timed("says it", async () => (await conditionCodes(node)).includes("PodCIDRClash"));
    expect(subnetOf(node)).toBe(second);
    expect(await conditionCodes(node)).toContain("PodCIDRChangeBlocked");
    await removePod(node, "pod1");
    await timed("moves when the pod has left", () => subnetOf(node) !== second);
    await daemon.stop();
  });
});

test("a macvlan's network for more pods is nobody's PodCIDR, also where no interface shows it", async () => {
  const conf = {
    cniVersion: "0.4.0",
    name: "lan",
    type: "macvlan",
    master: "eth0",
    ipam: { type: "whereabouts", range: "10.42.3.64/26" },
  };
  await using node = await createNode({
    files: { [subnetEnv]: flannelFile("10.42.3.1/24"), "/etc/cni/net.d/90-lan.conf": JSON.stringify(conf) },
  });
  const { stdout, stderr } = await node.run([headcni, "podcidr", "-o", "json"]);
  expect(JSON.parse(stdout).source).toBe("hash");
  expect(stderr).toContain("overlaps 10.42.3.64/26, which is of the network that macvlan attaches pods to");
});
