// A fresh node until its first conflist is in force. What happens to it over time is in agents.slow.test.ts.

import { describe, expect, test } from "bun:test";
import { chmodSync, rmSync } from "node:fs";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { decodeNodeState } from "../node-state/node-state.ts";
import { nodeStateFiles } from "../node-state/node-state-file.ts";
import { conflistPath, type FakeDaemon, type FakeNode, fakeNode } from "./testing.ts";

const subnetEnv = (cidr: string) => `FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET=${cidr}\n`;
const flannel = "/run/flannel/subnet.env";
const configFile = "/etc/headcni/config.yaml";

function subnetOf(node: FakeNode): string {
  return JSON.parse(node.root.read(conflistPath)).plugins[0].ipam.subnet;
}

function conflistOf(daemon: FakeDaemon) {
  return daemon.status("node").conflist;
}

function remembered(node: FakeNode) {
  return nodeStateFiles.map((path) => {
    const decoded = decodeNodeState(node.root.read(path));
    return decoded.kind === "ok" ? decoded.value : decoded;
  });
}

describe("the agents on a fresh node", () => {
  test("puts the conflist in force and remembers the PodCIDR and who said it", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    const daemon = node.start();
    await daemon.reconcile();
    expect(subnetOf(node)).toBe("10.42.3.0/24");
    expect(conflistOf(daemon)).toMatchObject({ inForce: true, writes: 1, lastWrite: { reason: "absent" } });
    expect(daemon.status("dataplane")).toEqual({ masquerade: "bridge", tailnet: "unknown" });
    expect(node.codes()).toEqual([]);
    for (const state of remembered(node)) {
      expect(state).toMatchObject({
        nodeName: "node-1",
        podCIDRs: parsePodCIDRs("10.42.3.0/24"),
        podCIDRSource: { source: "file", file: flannel, line: 2 },
        conditions: [],
      });
    }
    const line = node.log.entries.find(({ message }) => message.startsWith("PodCIDR"));
    const coded = node.log.entries.flatMap(({ code }) => code ?? []);
    expect(coded).toEqual(["ConfigLoaded", "NodeNameFound", "PodCIDRFound", "ConflistWritten"]);
    expect(line).toMatchObject({
      code: "PodCIDRFound",
      message: `PodCIDR 10.42.3.0/24 from file ${flannel}, line 2`,
      fields: { source: "file", file: flannel, line: 2, authoritative: true },
    });
  });

  test("says which of its folders others can write to, until they cannot", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    const daemon = node.start();
    await daemon.reconcile();
    expect(node.codes()).toEqual([]);
    chmodSync(`${node.root.path}/run/headcni`, 0o777);
    await daemon.reconcile();
    const [exposed] = node.conditions.list();
    expect(exposed?.text).toBe(
      "/run/headcni has mode 0777 (owner 0:0): other users than root can change what the daemon and the CNI plugin believe of " +
        "this node. Look at what lies there, then run chmod go-w /run/headcni",
    );
    expect(daemon.document().ready).toBe(true);
    expect(remembered(node)).toMatchObject([{ conditions: [{ code: "StateDirExposed" }] }, {}]);
    chmodSync(`${node.root.path}/run/headcni`, 0o755);
    await daemon.reconcile();
    expect(node.codes()).toEqual([]);
  });

  test("counts its own time also when the machine's is set back", async () => {
    using node = fakeNode();
    const daemon = node.start();
    await daemon.reconcile();
    await node.clock.advance(5000);
    node.clock.setNow(0);
    expect(daemon.document()).toMatchObject({ uptimeSeconds: 5, startedAt: "2026-01-01T00:00:00.000Z" });
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    await daemon.reconcile();
    const over = node.log.entries.find(({ fields }) => "afterSeconds" in fields);
    expect(over?.fields.afterSeconds).toBe(5);
  });

  test("says it when nobody assigned the PodCIDR", async () => {
    using node = fakeNode();
    await node.start().reconcile();
    expect(node.codes()).toEqual(["PodCIDRNotAuthoritative"]);
  });

  test("says what the network before called for each pod, until ours does too", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    node.root.write("/opt/cni/bin/portmap", "", 0o755);
    const plugins = [
      { type: "flannel" },
      { type: "portmap", capabilities: { portMappings: true } },
      { type: "istio-cni", kubernetes: { token: "abc" } },
    ];
    const other = { name: "cbr0", cniVersion: "0.3.1", plugins };
    node.root.write("/etc/cni/net.d/10-flannel.conflist", JSON.stringify(other));
    const daemon = node.start();
    await daemon.reconcile();
    expect(node.conditions.list().map(({ code, text }) => [code, text])).toEqual([
      [
        "ChainedPluginsLost",
        "/etc/cni/net.d/10-flannel.conflist.headcni-aside called portmap, istio-cni for each pod, and ours does not: without portmap no " +
          "hostPort reaches a pod, so k3s' ServiceLB and Traefik do not answer either. Add to cni.plugins - " +
          '{"type":"portmap","capabilities":{"portMappings":true}}. Add istio-cni only if that is no part of the other network. ' +
          "A pod gets it once it is made anew. Remove that file if nothing of it is missed",
      ],
    ]);
    expect(daemon.document().ready).toBe(true);
    node.root.write(configFile, "cni:\n  plugins:\n    - {type: portmap, capabilities: {portMappings: true}}\n");
    await daemon.reconcile();
    expect(node.conditions.list().map(({ text }) => text.slice(0, 81))).toEqual([
      "/etc/cni/net.d/10-flannel.conflist.headcni-aside called istio-cni for each pod, a",
    ]);
    rmSync(`${node.root.path}/etc/cni/net.d/10-flannel.conflist.headcni-aside`);
    await daemon.reconcile();
    expect(node.codes()).toEqual([]);
  });

  test("writes nothing in a second step, and says nothing", async () => {
    using node = fakeNode();
    const daemon = node.start();
    await daemon.reconcile();
    const before = nodeStateFiles.map((path) => node.system.files.lstat(path)?.inode);
    const said = node.log.entries.filter(({ level }) => level !== "debug").length;
    await daemon.reconcile();
    expect(conflistOf(daemon)).toMatchObject({ writes: 1 });
    expect(nodeStateFiles.map((path) => node.system.files.lstat(path)?.inode)).toEqual(before);
    expect(node.log.entries.filter(({ level }) => level !== "debug").length).toBe(said);
  });

  test("throws a configuration it cannot use before it touches anything", async () => {
    using node = fakeNode();
    node.root.write(configFile, "network: {mtuu: 1}\n");
    await expect(node.start().reconcile()).rejects.toThrow("configuration");
    expect(node.root.exists(conflistPath)).toBe(false);
  });
});
