// GC and STATUS over real plugins, which know neither (1.1.1) or forward them (1.6 and later); and host-local's lock, which a sweep shares
// with it.

import { describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { tryLockFile } from "../../src/sys/fs/flock.ts";
import type { JsonObject } from "../../src/sys/json.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import type { Node } from "../harness/node.ts";
import {
  addNetns,
  addressOf,
  binDir,
  bridgeConfig,
  callCni,
  createPluginNode,
  deleteNetns,
  headcniConfig,
  mustCni,
  network,
} from "./plugin.ts";

const config = headcniConfig("1.1.0");
const leaseFolder = `/var/lib/cni/networks/${network}`;
const savedCalls = "/var/lib/headcni/cni";

function gcConfig(...ids: readonly string[]): JsonObject {
  return { ...config, "cni.dev/valid-attachments": ids.map((containerID) => ({ containerID, ifname: "eth0" })) };
}

function leases(node: Node): readonly string[] {
  return node.list(leaseFolder).filter((name) => /^\d/.test(name));
}

/** Makes pods one after the other; the file system's clock moves on between them and the next call. */
async function addPods(node: Node, ...ids: readonly string[]): Promise<string[]> {
  await addNetns(node, ...ids);
  const addresses: string[] = [];
  for (const containerId of ids)
    addresses.push(addressOf(await mustCni(node, { command: "ADD", containerId, config })));
  await waitUntil("the pods are older than a tick of the kernel's clock", () => {
    const newest = Math.max(...leases(node).map((name) => fs.statSync(node.path(`${leaseFolder}/${name}`)).mtimeMs));
    return Date.now() - newest > 50;
  });
  return addresses;
}

describe("GC", () => {
  test("after a reboot frees what host-local kept of pods that are gone: leases, empty and torn files, saved calls", async () => {
    await using node = await createPluginNode();
    const [, kept = ""] = await addPods(node, "c1", "c2", "c3");
    await node.must(["sh", "-c", `cd ${leaseFolder}; : >10.9.0.200; printf 'c9\\r\\net' >10.9.0.201`]);
    await node.must([
      "sh",
      "-c",
      `cd ${leaseFolder}; touch -d '1 hour ago' 10.9.0.20?; truncate -s 9 ${savedCalls}/*c3*`,
    ]);
    // What a reboot takes: namespaces, devices. What it leaves: the disk.
    await deleteNetns(node, "c1", "c3");
    await node.must(["touch", "-d", "1 hour ago", `${savedCalls}/.headcni@c4@eth0.json.0123456789ab.tmp`]);
    expect(leases(node)).toHaveLength(5);
    expect(await callCni(node, { command: "GC", config: gcConfig("c2") })).toMatchObject({ exitCode: 0, stdout: "" });
    expect(leases(node)).toEqual([kept]);
    expect(node.list(savedCalls)).toEqual(["headcni@c2@eth0.json"]);
    expect(node.list(leaseFolder)).toContain("lock");
    // The addresses can be given out again, and the living pod still works.
    await addPods(node, "c5");
    await node.must(["ip", "netns", "exec", "c2", "busybox", "ping", "-c1", "-W5", "10.9.0.1"]);
  });

  test("takes the masquerading rules of pods that vanished, and leaves those of the others", async () => {
    await using node = await createPluginNode();
    const masquerading = { ...config, delegate: { ...bridgeConfig(), ipMasq: true } };
    await addNetns(node, "c1", "c2");
    for (const containerId of ["c1", "c2"]) await mustCni(node, { command: "ADD", containerId, config: masquerading });
    await deleteNetns(node, "c1");
    await callCni(node, { command: "GC", config: { ...gcConfig("c2"), ...masquerading } });
    const rules = await node.must(["iptables-save", "-t", "nat"]);
    expect(rules).not.toContain('id: \\"c1\\"');
    expect(rules.match(/id: \\"c2\\"/g)).toHaveLength(3);
  });

  test("spares what other networks hold, and what is being made at this moment", async () => {
    await using node = await createPluginNode();
    node.write("/var/lib/cni/networks/other/10.7.0.2", "x\r\neth0");
    await addPods(node, "c1");
    const slow = `#!/bin/sh\n[ "$CNI_COMMAND" = ADD ] && { ${binDir}/bridge >/fake/out; code=$?; : >/fake/made; cat /fake/go >/dev/null; cat /fake/out; exit $code; }\nexec ${binDir}/bridge\n`;
    node.write("/fake/bridge", slow);
    fs.chmodSync(node.path("/fake/bridge"), 0o755);
    await node.must(["mkfifo", "/fake/go"]);
    await addNetns(node, "c2");
    const adding = callCni(node, {
      command: "ADD",
      containerId: "c2",
      config: headcniConfig("1.0.0"),
      env: { CNI_PATH: `/fake:${binDir}` },
    });
    await waitUntil("the delegate has made the pod's interface", () => node.exists("/fake/made"));
    expect(leases(node)).toHaveLength(2);
    expect((await callCni(node, { command: "GC", config: gcConfig() })).exitCode).toBe(0);
    expect(leases(node)).toHaveLength(1);
    expect(node.list(savedCalls)).toEqual(["headcni@c2@eth0.json"]);
    node.write("/fake/go", "go");
    expect((await adding).exitCode).toBe(0);
    expect(node.exists("/var/lib/cni/networks/other/10.7.0.2")).toBe(true);
  });

  test("waits for host-local's lock, as host-local waits for it", async () => {
    await using node = await createPluginNode();
    await addPods(node, "c1");
    await addNetns(node, "c2");
    const lock = tryLockFile(node.path(`${leaseFolder}/lock`));
    expect(lock).toBeDefined();
    const order: string[] = [];
    const gc = callCni(node, { command: "GC", config: gcConfig("c2") }).then((answer) => {
      order.push("gc");
      return answer;
    });
    const adding = callCni(node, { command: "ADD", containerId: "c2", config }).then((answer) => {
      order.push("add");
      return answer;
    });
    await waitUntil("host-local waits for the lock", async () => {
      const { stdout } = await node.run(["sh", "-c", "cat /proc/[0-9]*/comm"]);
      return stdout.includes("host-local");
    });
    expect(order).toEqual([]);
    order.push("unlocked");
    lock?.[Symbol.dispose]();
    expect((await gc).exitCode).toBe(0);
    expect((await adding).exitCode).toBe(0);
    expect(order[0]).toBe("unlocked");
    expect(leases(node)).toHaveLength(1);
  });

  test("gives up on a lock that is never free, with code 11, and frees nothing", async () => {
    await using node = await createPluginNode();
    await addPods(node, "c1");
    using _lock = tryLockFile(node.path(`${leaseFolder}/lock`));
    const { exitCode, json } = await callCni(node, {
      command: "GC",
      config: { ...gcConfig(), delegateTimeoutSeconds: 0.3 },
    });
    expect(exitCode).toBe(1);
    expect(json?.code).toBe(11);
    expect(json?.msg).toContain(`${leaseFolder}/lock`);
    expect(leases(node)).toHaveLength(1);
  });
});

describe("STATUS", () => {
  const plain: JsonObject = { cniVersion: "1.1.0", name: network, type: "headcni" };
  const state = {
    version: 1,
    nodeName: "n",
    podCIDRs: ["10.244.1.0/24"],
    mtu: 1280,
    ipMasq: true,
    conditions: [] as JsonObject[],
  };
  const limit = { code: "MasqueradeNotApplied", text: "nft is missing", impactsConnectivity: true };

  test("is 0, 50 or 51 as the node is", async () => {
    await using node = await createPluginNode();
    const status = (env: Readonly<Record<string, string>> = {}) =>
      callCni(node, { command: "STATUS", config: plain, env });
    expect((await status()).json?.code).toBe(50);
    node.write("/run/headcni/node.json", JSON.stringify(state));
    expect(await status()).toMatchObject({ exitCode: 0, stdout: "" });
    node.write("/run/headcni/node.json", JSON.stringify({ ...state, conditions: [limit] }));
    const limited = await status();
    expect([limited.exitCode, limited.json?.code]).toEqual([1, 51]);
    expect(limited.json?.details).toBe("MasqueradeNotApplied: nft is missing");
    expect((await status({ CNI_PATH: "/nowhere" })).json?.code).toBe(50);
    fs.rmSync(node.path(`${binDir}/host-local`));
    const missing = await status();
    expect(missing.json?.code).toBe(50);
    expect(missing.json?.msg).toContain("host-local");
  });
});
