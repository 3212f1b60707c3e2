// One attachment from ADD to DEL with the real bridge, ptp and portmap: what a pod gets, and that nothing is left, whatever
// went missing on the way.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tryLockFile } from "../../src/sys/fs/flock.ts";
import { isJsonObject, type JsonObject } from "../../src/sys/json.ts";
import { leftovers, noLeftovers } from "../harness/leftovers.ts";
import type { Node } from "../harness/node.ts";
import {
  addNetns,
  addressOf,
  binDir,
  bridgeConfig,
  callCni,
  cniEnv,
  createPluginNode,
  deleteNetns,
  headcniConfig,
  mustCni,
  network,
} from "./plugin.ts";

const savedCalls = "/var/lib/headcni/cni";
const nodeState = {
  version: 1,
  nodeName: "node-1",
  podCIDRs: ["10.244.7.0/24", "fd00:244:7::/64"],
  mtu: 1300,
  ipMasq: true,
  conditions: [],
};
/** What the daemon's conflist holds for our plugin. */
const plain: JsonObject = { cniVersion: "1.0.0", name: network, type: "headcni" };

function inPod(node: Node, pod: string, ...argv: readonly string[]): Promise<string> {
  return node.must(["ip", "netns", "exec", pod, ...argv]);
}

describe("ADD with the node's state", () => {
  test("gives both families, the node's MTU, a way out and a way to the neighbour", async () => {
    await using node = await createPluginNode();
    node.write("/run/headcni/node.json", JSON.stringify(nodeState));
    await addNetns(node, "c1", "c2");
    const first = await mustCni(node, { command: "ADD", config: plain });
    const second = await mustCni(node, { command: "ADD", containerId: "c2", config: plain });
    expect(first.ips).toMatchObject([{ address: "10.244.7.2/24" }, { address: "fd00:244:7::2/64" }]);
    expect(await inPod(node, "c1", "ip", "link", "show", "eth0")).toContain("mtu 1300");
    expect(await inPod(node, "c1", "ip", "route")).toContain("default via 10.244.7.1 dev eth0");
    expect(await inPod(node, "c1", "ip", "-6", "route")).toContain("default via fd00:244:7::1 dev eth0");
    await inPod(node, "c1", "busybox", "ping", "-c1", "-W5", addressOf(second));
    await inPod(node, "c1", "busybox", "ping", "-6", "-c1", "-W5", "fd00:244:7::1");
    expect(await node.must(["iptables-save", "-t", "nat"])).toContain('--comment "name: \\"headcni\\" id: \\"c1\\""');
    for (const containerId of ["c1", "c2"]) await mustCni(node, { command: "DEL", containerId, config: plain });
    await deleteNetns(node, "c1", "c2");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });

  test("reads the copy that survives a reboot; DEL works when both are gone, with other settings, and twice", async () => {
    await using node = await createPluginNode();
    node.write("/var/lib/headcni/node.json", JSON.stringify(nodeState));
    await addNetns(node, "c1");
    await mustCni(node, { command: "ADD", config: plain });
    fs.rmSync(node.path("/var/lib/headcni/node.json"));
    const other = { ...plain, delegate: bridgeConfig("10.77.0.0/24") };
    for (const config of [other, plain])
      expect(await callCni(node, { command: "DEL", config })).toMatchObject({ exitCode: 0 });
    await deleteNetns(node, "c1");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });
});

describe("DEL", () => {
  const config = headcniConfig("1.0.0");

  test.each<readonly [string, (node: Node) => Promise<unknown>, JsonObject]>([
    ["namespace is gone", (node) => deleteNetns(node, "c1"), config],
    ["saved call is gone", (node) => node.must(["rm", "-r", savedCalls]), config],
    ["saved call is torn", (node) => node.must(["sh", "-c", `truncate -s 40 ${savedCalls}/*`]), config],
    ["saved call is empty", (node) => node.must(["sh", "-c", `: >"$(echo ${savedCalls}/*)"`]), config],
    ["saved call and subnet are unknown", (node) => node.must(["rm", "-r", savedCalls]), plain],
    ["interface is gone", (node) => inPod(node, "c1", "ip", "link", "del", "eth0"), config],
    ["bridge is gone", (node) => node.must(["ip", "link", "del", "headcni0"]), config],
    ["leases are gone", (node) => node.must(["rm", "-r", "/var/lib/cni"]), config],
  ])("succeeds and leaves nothing when the %s", async (_name, harm, delConfig) => {
    await using node = await createPluginNode();
    await addNetns(node, "c1");
    await mustCni(node, { command: "ADD", config });
    await harm(node);
    expect(await callCni(node, { command: "DEL", config: delConfig })).toMatchObject({ exitCode: 0, stdout: "" });
    await node.run(["ip", "netns", "del", "c1"]);
    expect(await leftovers(node)).toEqual(noLeftovers);
  });

  test.each<readonly [string, (node: Node) => Promise<unknown>, Readonly<Record<string, string>>]>([
    ["is gone", (node) => deleteNetns(node, "c1"), {}],
    ["is no longer named", (node) => deleteNetns(node, "c1"), { CNI_NETNS: "" }],
    [
      "has left its file behind",
      async (node) => {
        await deleteNetns(node, "c1");
        node.write("/run/netns/c1", "");
      },
      {},
    ],
  ])("takes masquerading rules away, of both families, when the namespace %s", async (_name, harm, env) => {
    await using node = await createPluginNode();
    node.write("/run/headcni/node.json", JSON.stringify(nodeState));
    await addNetns(node, "c1", "c2");
    for (const containerId of ["c1", "c2"]) await mustCni(node, { command: "ADD", containerId, config: plain });
    await harm(node);
    expect(await callCni(node, { command: "DEL", config: plain, env })).toMatchObject({ exitCode: 0, stdout: "" });
    for (const save of ["iptables-save", "ip6tables-save"]) {
      const rules = await node.must([save, "-t", "nat"]);
      expect(rules).not.toContain('id: \\"c1\\"');
      expect(rules).toContain('id: \\"c2\\"');
    }
    await mustCni(node, { command: "DEL", containerId: "c2", config: plain });
    await node.must(["rm", "-f", "/run/netns/c1"]);
    await deleteNetns(node, "c2");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });

  test("of what never was, and without a namespace, succeeds", async () => {
    await using node = await createPluginNode();
    expect(await callCni(node, { command: "DEL", config, env: { CNI_NETNS: "" } })).toMatchObject({
      exitCode: 0,
      stdout: "",
    });
  });
});

describe("an ADD that the real delegate refuses", () => {
  test("leaves nothing of itself: no address left in the range", async () => {
    await using node = await createPluginNode();
    const config = headcniConfig("1.0.0", bridgeConfig("10.9.0.0/30"));
    await addNetns(node, "c1", "c2");
    await mustCni(node, { command: "ADD", config });
    const { exitCode, json } = await callCni(node, { command: "ADD", containerId: "c2", config });
    expect(exitCode).toBe(1);
    expect(json?.msg).toContain("no IP addresses available");
    expect(await inPod(node, "c2", "ip", "-brief", "link")).not.toContain("eth0");
    expect(node.list(savedCalls)).toEqual(["headcni@c1@eth0.json"]);
    await mustCni(node, { command: "DEL", config });
    await deleteNetns(node, "c1", "c2");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });

  test("leaves the first one alone when it comes a second time", async () => {
    await using node = await createPluginNode();
    const config = headcniConfig("1.0.0");
    await addNetns(node, "c1");
    await mustCni(node, { command: "ADD", config });
    expect((await callCni(node, { command: "ADD", config })).exitCode).toBe(1);
    await inPod(node, "c1", "busybox", "ping", "-c1", "-W5", "10.9.0.1");
    await mustCni(node, { command: "DEL", config });
    await deleteNetns(node, "c1");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });
});

describe("an interface somebody else has", () => {
  const config = headcniConfig("1.0.0");

  test("outlives an ADD of its name, and one on another network", async () => {
    await using node = await createPluginNode();
    await addNetns(node, "c1");
    await node.must(["ip", "-n", "c1", "link", "add", "eth0", "type", "veth", "peer", "name", "foreign"]);
    expect(await callCni(node, { command: "ADD", config })).toMatchObject({ exitCode: 1, json: { code: 999 } });
    await inPod(node, "c1", "ip", "link", "show", "eth0");
    await node.must(["ip", "-n", "c1", "link", "del", "eth0"]);

    const made = await mustCni(node, { command: "ADD", config });
    const other = { ...config, name: "other", delegate: { ...bridgeConfig("10.8.0.0/24"), bridge: "other0" } };
    expect((await callCni(node, { command: "ADD", config: other })).exitCode).toBe(1);
    expect(await inPod(node, "c1", "ip", "-br", "address", "show", "eth0")).toContain(addressOf(made));
    expect(fs.readdirSync(node.path(savedCalls))).toEqual(["headcni@c1@eth0.json"]);
    await mustCni(node, { command: "DEL", config });
    await node.must(["ip", "link", "del", "other0"]);
    await deleteNetns(node, "c1");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });

  test("is safe where the namespace is the node's own: ADD is refused with code 8, DEL frees the address", async () => {
    await using node = await createPluginNode();
    await addNetns(node, "c1");
    await mustCni(node, { command: "ADD", config });
    await deleteNetns(node, "c1");
    await node.must(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "uplink"]);
    const netns = "/proc/self/ns/net";
    const refused = await callCni(node, { command: "ADD", containerId: "c2", netns, config });
    expect(refused).toMatchObject({ exitCode: 1, json: { code: 8 } });
    for (const containerId of ["c1", "c2"]) await mustCni(node, { command: "DEL", containerId, netns, config });
    await node.must(["ip", "link", "show", "eth0"]);
    await node.must(["ip", "link", "del", "eth0"]);
    expect(await leftovers(node)).toEqual(noLeftovers);
  });
});

describe("a caller that does it differently", () => {
  const config = headcniConfig("1.0.0");

  test.each([
    ["ignores the ends of its children", 'trap "" CHLD', {}],
    ["forbids code that is made while running", "true", { BUN_JSC_useJIT: "0" }],
  ])("and %s gets its pod, and it goes again", async (_what, setUp, env) => {
    await using node = await createPluginNode();
    await addNetns(node, "c1");
    node.write("/config.json", JSON.stringify(config));
    const script = `${setUp}; exec ${binDir}/headcni </config.json`;
    const call = (command: string) =>
      node.run(["sh", "-c", script], { env: cniEnv({ command, config, env }), timeoutMs: 60_000 });
    const added = await call("ADD");
    expect([added.exitCode, added.stdout]).toEqual([0, expect.stringContaining("10.9.0.2")]);
    expect((await call("DEL")).exitCode).toBe(0);
    await deleteNetns(node, "c1");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });

  test.each([
    ["a full disk", ">/dev/full"],
    ["closed", ">&-"],
  ])("and does not hear the result finds nothing made: standard output is %s", async (_what, redirection) => {
    await using node = await createPluginNode();
    await addNetns(node, "c1");
    node.write("/config.json", JSON.stringify(config));
    const script = `${binDir}/headcni </config.json ${redirection}; echo "ended with $?"`;
    const { stdout } = await node.run(["sh", "-c", script], { env: cniEnv({ command: "ADD", config }) });
    expect(stdout).toBe("ended with 1\n");
    await deleteNetns(node, "c1");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });
});

describe("a real delegate that hangs", () => {
  test("is killed with host-local, which waits for its lock, and DEL takes away what it had made", async () => {
    await using node = await createPluginNode();
    const config = headcniConfig("1.0.0", { ...bridgeConfig(), ipMasq: true }, { delegateTimeoutSeconds: 1 });
    await addNetns(node, "c1", "c2");
    await mustCni(node, { command: "ADD", config });
    {
      using _lock = tryLockFile(node.path(`/var/lib/cni/networks/${network}/lock`));
      const { exitCode, json } = await callCni(node, { command: "ADD", containerId: "c2", config });
      expect(exitCode).toBe(1);
      expect(json?.code).toBe(11);
      expect(json?.msg).toContain("did not finish ADD within 1 s");
      expect(await node.must(["sh", "-c", "cat /proc/[0-9]*/comm"])).not.toMatch(/bridge|host-local/);
    }
    for (const containerId of ["c1", "c2"]) await mustCni(node, { command: "DEL", containerId, config });
    await deleteNetns(node, "c1", "c2");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });
});

describe("CHECK", () => {
  test("succeeds as long as the pod is as it was made, and says what changed", async () => {
    await using node = await createPluginNode();
    const config = headcniConfig("1.0.0");
    await addNetns(node, "c1");
    const prevResult = await mustCni(node, { command: "ADD", config });
    const check = () => callCni(node, { command: "CHECK", config: { ...config, prevResult } });
    expect(await check()).toMatchObject({ exitCode: 0, stdout: "" });
    await inPod(node, "c1", "ip", "addr", "flush", "dev", "eth0");
    const { exitCode, json } = await check();
    expect(exitCode).toBe(1);
    expect(json?.msg).toContain("eth0");
  });
});

describe("one container with two interfaces and two networks", () => {
  test("keeps all three apart", async () => {
    await using node = await createPluginNode();
    const one = headcniConfig("1.0.0");
    const two = { ...headcniConfig("1.0.0", { ...bridgeConfig("10.8.0.0/24"), bridge: "other0" }), name: "other" };
    await addNetns(node, "c1");
    const calls = [
      { ifname: "eth0", config: one },
      { ifname: "eth1", config: one },
      { ifname: "net1", config: two },
    ];
    for (const call of calls) await mustCni(node, { command: "ADD", ...call });
    expect(node.list(savedCalls)).toHaveLength(3);
    await mustCni(node, { command: "DEL", ifname: "eth0", config: one });
    expect(await inPod(node, "c1", "ip", "-brief", "addr")).toMatch(/eth1.*10\.9\.0\.3.*\n(.*\n)*net1.*10\.8\.0\.2/);
    for (const call of calls.slice(1)) await mustCni(node, { command: "DEL", ...call });
    await node.must(["ip", "link", "del", "other0"]);
    await deleteNetns(node, "c1");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });
});

describe("a delegate of macvlan", () => {
  test("gets the node's addresses and MTU, and only keys that mean something to it", async () => {
    await using node = await createPluginNode();
    node.write("/run/headcni/node.json", JSON.stringify(nodeState));
    await node.must(["ip", "link", "add", "uplink", "type", "veth", "peer", "name", "wire"]);
    for (const device of ["uplink", "wire"]) await node.must(["ip", "link", "set", device, "up"]);
    await addNetns(node, "c1");
    const config = { ...plain, delegate: { type: "macvlan", master: "uplink" } };
    const result = await mustCni(node, { command: "ADD", config });
    expect(result.ips).toMatchObject([{ address: "10.244.7.2/24" }, { address: "fd00:244:7::2/64" }]);
    const link = await inPod(node, "c1", "ip", "-details", "link", "show", "eth0");
    expect(link).toContain("macvlan");
    expect(link).toContain("mtu 1300");
    expect(await callCni(node, { command: "CHECK", config: { ...config, prevResult: result } })).toMatchObject({
      exitCode: 0,
    });
    await mustCni(node, { command: "DEL", config });
    await node.must(["ip", "link", "del", "uplink"]);
    await deleteNetns(node, "c1");
    expect(await leftovers(node)).toEqual(noLeftovers);
  });
});

describe("a list of headcni and portmap", () => {
  test("forwards a port of the node to the pod, and takes it back", async () => {
    await using node = await createPluginNode();
    await addNetns(node, "c1");
    const runtimeConfig = { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: "tcp" }] };
    const base = { cniVersion: "1.0.0", name: network };
    const first = headcniConfig("1.0.0");
    const second = { ...base, type: "portmap", capabilities: { portMappings: true }, runtimeConfig };
    const made = await mustCni(node, { command: "ADD", config: first });
    const result = await mustCni(node, { plugin: "portmap", command: "ADD", config: { ...second, prevResult: made } });
    expect(result.ips).toEqual(made.ips);
    expect(await node.must(["iptables-save", "-t", "nat"])).toContain(`--to-destination ${addressOf(made)}:80`);
    const check = await callCni(node, { command: "CHECK", config: { ...first, prevResult: result } });
    expect(check).toMatchObject({ exitCode: 0, stdout: "" });
    await mustCni(node, { plugin: "portmap", command: "DEL", config: { ...second, prevResult: result } });
    await mustCni(node, { command: "DEL", config: { ...first, prevResult: result } });
    await deleteNetns(node, "c1");
    expect(await node.must(["iptables-save", "-t", "nat"])).not.toContain(":80");
    expect(node.list(savedCalls)).toEqual([]);
  });
});

describe("capabilities and CNI_ARGS", () => {
  test("reach bridge and host-local: the pod gets the hardware address and the IP it asked for", async () => {
    await using node = await createPluginNode();
    await addNetns(node, "c1");
    const config = headcniConfig("1.0.0", bridgeConfig(), {
      capabilities: { mac: true, ips: true },
      runtimeConfig: { mac: "02:00:00:00:00:07" },
    });
    const result = await mustCni(node, { command: "ADD", config, env: { CNI_ARGS: "IgnoreUnknown=1;IP=10.9.0.77" } });
    expect(addressOf(result)).toBe("10.9.0.77");
    const interfaces = Array.isArray(result.interfaces) ? result.interfaces.filter(isJsonObject) : [];
    expect(interfaces.find(({ name }) => name === "eth0")?.mac).toBe("02:00:00:00:00:07");
  });
});
