// A PodCIDR that changes while real pods hang on the real bridge, and what the real bridge plugin says of its addresses.

import { describe, expect, test } from "bun:test";
import { parsePodCIDRs } from "../../src/cidr/pod-cidrs.ts";
import { bridgeAmong, refusedAddresses } from "../../src/dataplane/bridge.ts";
import { parseDevices } from "../../src/kernel/devices.ts";
import { conflistPath, headcni, headcniDaemon } from "../harness/headcni.ts";
import { createNode } from "../harness/node.ts";
import {
  bootDaemon,
  conditionCodes,
  configFile,
  flannelFile,
  flannelNode,
  get,
  logLines,
  subnetEnv,
  subnetOf,
  timed,
} from "./daemon.ts";
import { addPod, removePod } from "./pods.ts";

const bridgeAddresses = ["ip", "-brief", "address", "show", "dev", "headcni0"];

describe("headcni-daemon, when the PodCIDR changes", () => {
  test("replaces the bridge when no pod is there, and the next pod has an address of the new one", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    expect(await addPod(node, "pod1")).toBe("10.42.3.2/24");
    await removePod(node, "pod1");
    expect(await node.must(bridgeAddresses)).toContain("10.42.3.1/24");
    node.write(subnetEnv, flannelFile("10.42.4.1/24"));
    await timed("changes", () => subnetOf(node) === "10.42.4.0/24");
    await timed("removes the bridge", async () => (await node.run(bridgeAddresses)).exitCode !== 0);
    expect(await addPod(node, "pod2")).toBe("10.42.4.2/24");
    expect(await conditionCodes(node)).toEqual([]);
    await daemon.stop();
  });

  test("changes nothing under live pods, says old, new and how many, and goes on when they have left", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    await addPod(node, "pod1");
    await addPod(node, "pod2");
    const before = node.read(conflistPath);
    node.write(subnetEnv, flannelFile("10.42.4.1/24"));
    await timed("says so", async () => (await conditionCodes(node)).includes("PodCIDRChangeBlocked"));
    expect(node.read(conflistPath)).toBe(before);
    expect((await get(node, "/readyz")).status).toBe(200);
    const { stdout } = await node.run([headcni, "status"]);
    expect(stdout).toContain("10.42.3.0/24 stays in force: the PodCIDR is now 10.42.4.0/24");
    expect(stdout).toContain("still used by 2 pods (2 on headcni0, 2 with a host-local lease)");
    expect((await get(node, "/metrics")).body).toMatch(/^headcni_condition\{code="PodCIDRChangeBlocked",.*\} 1$/m);
    expect(JSON.parse(node.read("/run/headcni/node.json")).podCIDRs).toEqual(["10.42.3.0/24"]);
    // New pods still come up while it waits.
    expect(await addPod(node, "pod3")).toBe("10.42.3.4/24");
    expect(await node.must(["ip", "netns", "exec", "pod3", "busybox", "ping", "-c1", "-W1", "10.42.3.2"])).toContain(
      "1 packets received",
    );
    for (const pod of ["pod1", "pod2", "pod3"]) await removePod(node, pod);
    await timed("changes by itself", () => subnetOf(node) === "10.42.4.0/24");
    await timed("is content", async () => (await conditionCodes(node)).length === 0);
    expect(await addPod(node, "pod4")).toBe("10.42.4.2/24");
    await daemon.stop();
  });

  test("stays blocked across a restart, and touches nothing when nothing changed", async () => {
    await using node = await flannelNode();
    const first = await bootDaemon(node);
    await addPod(node, "pod1");
    const inode = await node.must(["stat", "-c", "%i %Y", conflistPath]);
    first.kill("SIGKILL");
    await first.exited;
    const second = await bootDaemon(node);
    expect(await node.must(["stat", "-c", "%i %Y", conflistPath])).toBe(inode);
    expect(await node.must(["ip", "netns", "exec", "pod1", "busybox", "ping", "-c1", "-W1", "10.42.3.1"])).toContain(
      "1 packets received",
    );
    await second.stop();
    node.write(subnetEnv, flannelFile("10.42.4.1/24"));
    const { exitCode, stderr } = await node.run([headcniDaemon, "--once"]);
    expect(exitCode).toBe(0);
    expect(logLines(stderr).some(({ condition }) => condition === "PodCIDRChangeBlocked")).toBe(true);
    expect(subnetOf(node)).toBe("10.42.3.0/24");
  });

  test("replaces a bridge that some earlier setup left with another address", async () => {
    await using node = await flannelNode();
    await node.must(["sh", "-c", "ip link add headcni0 type bridge && ip addr add 192.168.9.1/24 dev headcni0"]);
    expect((await node.run([headcniDaemon, "--once"])).exitCode).toBe(0);
    expect(await addPod(node, "pod1")).toBe("10.42.3.2/24");
  });

  test("says that it cannot look at the bridge without ip, and then changes nothing", async () => {
    await using node = await flannelNode();
    expect((await node.run([headcniDaemon, "--once"])).exitCode).toBe(0);
    node.write(subnetEnv, flannelFile("10.42.4.1/24"));
    const { exitCode, stderr } = await node.run(["/usr/bin/env", "PATH=/nowhere", headcniDaemon, "--once"]);
    expect(exitCode).toBe(0);
    const conditions = logLines(stderr).flatMap(({ condition }) =>
      condition === undefined ? [] : [String(condition)],
    );
    expect(conditions.toSorted()).toEqual(["BridgeUnknown", "PodCIDRChangeBlocked"]);
    expect(subnetOf(node)).toBe("10.42.3.0/24");
  });
});

describe("the bridge plugin itself", () => {
  test.each([
    ["another IPv4 address", ["10.2.0.1/24"], "10.42.3.0/24"],
    ["its own and another", ["10.42.3.1/24", "10.2.0.1/24"], "10.42.3.0/24"],
    ["another and its own", ["10.2.0.1/24", "10.42.3.1/24"], "10.42.3.0/24"],
    ["the gateway with another length", ["10.42.3.1/16"], "10.42.3.0/24"],
    ["another IPv6 network", ["fd00:2::1/64"], "fd00:1::/64"],
    ["an overlapping IPv6 network", ["fd00:1::9/48"], "fd00:1::/64"],
    ["a family that is not wanted", ["fd00:1::1/64"], "10.42.3.0/24"],
  ])("refuses a bridge with %s just when refusedAddresses() says so", async (_name, addresses, podCIDR) => {
    await using node = await createNode({ files: { [configFile]: `network: {podCIDR: {nodeLocal: "${podCIDR}"}}\n` } });
    expect((await node.run([headcniDaemon, "--once"])).exitCode).toBe(0);
    await node.must(["sh", "-c", "ip link add headcni0 type bridge && ip link set headcni0 up"]);
    for (const address of addresses) await node.must(["ip", "addr", "add", address, "dev", "headcni0", "nodad"]);
    const reading = bridgeAmong(parseDevices(await node.must(["ip", "-j", "addr", "show"])));
    if (reading.kind !== "present") throw new Error("there is no bridge");
    const refused = refusedAddresses(reading.bridge, parsePodCIDRs(podCIDR));
    const added = await addPod(node, "pod1").then(
      () => "",
      (error: Error) => error.message,
    );
    expect(added === "").toBe(refused.length === 0);
    if (added !== "") expect(added).toContain("already has an IP address different from");
  });
});
