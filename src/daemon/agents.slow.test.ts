// The agents over time, and what they do when something changes, fails or is killed. A fresh node is in agents.test.ts.

import { describe, expect, test } from "bun:test";
import { chmodSync, rmSync } from "node:fs";
import { superviseAll } from "../agent/supervisor.ts";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import { leaseDir } from "../ipam/lease.ts";
import { decodeNodeState } from "../node-state/node-state.ts";
import { nodeStateFiles } from "../node-state/node-state-file.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { waitUntil } from "../sys/testing.ts";
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

describe.each(["ip", "bridge"])("the agents, when the daemon ends while %s is asked,", (program) => {
  const killed = { exitCode: null, signal: "SIGKILL", stdout: "", stderr: "", timedOut: false, outputTooLong: false };

  /** A daemon that ends, with what it asks killed, as soon as `hangs` is set. */
  function startEnding(node: FakeNode) {
    const end = new AbortController();
    const state = { hangs: false };
    const exec: System["exec"] = {
      run: async (argv, options) => {
        if (!state.hangs || !argv[0]?.endsWith(program)) return node.system.exec.run(argv, options);
        end.abort();
        return killed;
      },
    };
    return { daemon: node.start({ exec }), end: end.signal, state };
  }

  test.each(["first", "second"])("conclude nothing from what was killed in the %s step", async (step) => {
    using node = fakeNode();
    await node.start().reconcile();
    const before = nodeStateFiles.map((path) => node.root.read(path));
    const { daemon, end, state } = startEnding(node);
    if (step === "second") await daemon.reconcile();
    // A plugin is asked again when it is another one.
    node.root.write("/opt/cni/bin/bridge", "another one");
    const said = node.log.entries.length;
    state.hangs = true;
    await daemon.reconcile(end);
    expect(end.aborted).toBe(true);
    expect(node.codes()).toEqual(step === "first" ? [] : ["PodCIDRNotAuthoritative"]);
    expect(nodeStateFiles.map((path) => node.root.read(path))).toEqual(before);
    expect(node.log.entries.slice(said).filter(({ level }) => level === "error")).toEqual([]);
  });
});

test("the agents remember what it has put in force although the daemon ends in the step", async () => {
  using node = fakeNode();
  node.root.write(flannel, subnetEnv("10.42.3.1/24"));
  node.root.write(configFile, "network: {masquerade: daemon}\n");
  await node.start().reconcile();
  node.root.write(flannel, subnetEnv("10.42.4.1/24"));
  const end = new AbortController();
  const exec: System["exec"] = {
    run: async (argv, options) => {
      if (argv[0] !== "nft") return node.system.exec.run(argv, options);
      await waitUntil("the conflist is written", () => subnetOf(node) === "10.42.4.0/24");
      end.abort();
      throw new HeadcniError("HC_EXEC_FAILED", "Cannot start nft: called off");
    },
  };
  await node.start({ exec }).reconcile(end.signal);
  expect(remembered(node)).toMatchObject(Array(2).fill({ podCIDRs: parsePodCIDRs("10.42.4.0/24"), conditions: [] }));
  expect(node.codes()).toEqual([]);
});

describe("the agents over time", () => {
  test("puts a conflist right that was changed, removed or replaced by a folder", async () => {
    using node = fakeNode();
    const daemon = node.start();
    await daemon.reconcile();
    const right = node.root.read(conflistPath);
    const host = `${node.root.path}${conflistPath}`;
    const faults: [string, () => void][] = [
      ["absent", () => rmSync(host)],
      ["content", () => node.root.write(conflistPath, "{}")],
      ["mode", () => chmodSync(host, 0o666)],
    ];
    for (const [reason, harm] of faults) {
      harm();
      await daemon.reconcile();
      expect(conflistOf(daemon)).toMatchObject({ lastWrite: { reason }, inForce: true });
      expect(node.root.read(conflistPath)).toBe(right);
    }
  });

  test("keeps the last good configuration while the new one is wrong", async () => {
    using node = fakeNode();
    node.root.write(configFile, "network: {mtu: 1400}\n");
    const daemon = node.start();
    await daemon.reconcile();
    node.root.write(configFile, "network: {mtu: lots}\n");
    await daemon.reconcile();
    expect(node.codes()).toContain("ConfigInvalid");
    expect(node.conditions.list().find(({ code }) => code === "ConfigInvalid")?.text).toContain(
      `${configFile} is wrong`,
    );
    expect(node.root.read(conflistPath)).toContain('"mtu": 1400');
    node.root.write(configFile, "network: {mtu: 1300}\n");
    await daemon.reconcile();
    expect(node.codes()).not.toContain("ConfigInvalid");
    expect(node.root.read(conflistPath)).toContain('"mtu": 1300');
  });

  test("works through its configuration again only when that has changed", async () => {
    using node = fakeNode();
    node.root.write(configFile, "network: {mtu: 1400}\n");
    const daemon = node.start();
    await daemon.reconcile();
    const loaded = daemon.config.value;
    await daemon.reconcile();
    expect(daemon.config.value).toBe(loaded);
    node.root.write(configFile, "network: {mtu: 1300}\n");
    await daemon.reconcile();
    expect(daemon.config.value).not.toBe(loaded);
  });

  test("remembers of its own memory, too, when it cannot be written and when that is over", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    const [inRun, inLib] = nodeStateFiles;
    node.root.write(`${inLib}/in-the-way`, "");
    const daemon = node.start();
    await daemon.reconcile();
    const told = (path: string) =>
      JSON.parse(node.root.read(path)).conditions.map(({ code }: { code: string }) => code);
    expect(node.codes()).toEqual(["NodeStateNotWritten"]);
    expect(told(inRun)).toEqual(["NodeStateNotWritten"]);
    rmSync(`${node.root.path}${inLib}`, { recursive: true });
    await daemon.reconcile();
    expect(node.codes()).toEqual([]);
    expect([told(inRun), told(inLib)]).toEqual([[], []]);
  });

  test("still follows the files while the configuration is wrong", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    const daemon = node.start();
    await daemon.reconcile();
    node.root.write(configFile, "]");
    node.root.write(flannel, subnetEnv("10.42.4.1/24"));
    await daemon.reconcile();
    expect(subnetOf(node)).toBe("10.42.4.0/24");
    expect(node.codes()).toEqual(["ConfigInvalid"]);
  });

  test("says which source is no text at all", async () => {
    using node = fakeNode();
    node.root.write(
      "/var/lib/kubelet/config.yaml",
      Uint8Array.from({ length: 100_000 }, (_, at) => (at * 7919) & 255),
    );
    await node.start().reconcile();
    expect(node.conditions.list().find(({ code }) => code === "SourceFilesSkipped")?.text).toStartWith(
      "/var/lib/kubelet/config.yaml: is not text. ",
    );
  });

  test("says that plugins are missing, before and after the conflist is in force", async () => {
    using node = fakeNode();
    const host = `${node.root.path}/opt/cni/bin/host-local`;
    rmSync(host);
    const daemon = node.start();
    await daemon.reconcile();
    expect(conflistOf(daemon)).toMatchObject({ inForce: false });
    expect(node.codes()).toContain("ConflistInvalid");
    expect(node.root.exists(conflistPath)).toBe(false);
    node.root.write("/opt/cni/bin/host-local", "", 0o755);
    await daemon.reconcile();
    expect(conflistOf(daemon)).toMatchObject({ inForce: true });
    expect(node.codes()).toEqual(["PodCIDRNotAuthoritative"]);
    rmSync(host);
    await daemon.reconcile();
    expect(node.codes()).toContain("ConflistInvalid");
  });

  test("lets another CNI's configuration be when told to, and is not ready then", async () => {
    using node = fakeNode();
    node.root.write("/etc/cni/net.d/00-other.conf", "{}");
    node.root.write(configFile, "cni: {otherConfigs: keep}\n");
    const daemon = node.start();
    await daemon.reconcile();
    expect(conflistOf(daemon)).toMatchObject({ inForce: false });
    expect(node.codes()).toContain("OtherConfigPreferred");
    node.root.write(configFile, "cni: {otherConfigs: moveAside}\n");
    await daemon.reconcile();
    expect(conflistOf(daemon)).toMatchObject({ inForce: true });
    expect(node.root.exists("/etc/cni/net.d/00-other.conf.headcni-aside")).toBe(true);
    expect(node.codes()).not.toContain("OtherConfigPreferred");
  });

  const inFront: readonly (readonly [string, string, readonly string[]])[] = [
    ["that calls ours", `{"name":"m","type":"multus","clusterNetwork":"headcni"}`, []],
    ["that holds a copy of ours", `{"name":"m","type":"multus","delegates":[{"name":"headcni","plugins":[]}]}`, []],
    ["that does not say what it calls", `{"name":"m","type":"multus-shim"}`, ["MetaPluginUnclear"]],
    ["that calls another", `{"name":"m","type":"multus","delegates":[{"name":"cbr0"}]}`, ["OtherConfigPreferred"]],
    ["that calls one of the directory", `{"name":"m","type":"multus","clusterNetwork":"lo"}`, ["OtherConfigPreferred"]],
    ["that is broken", `{"type":"multus","clusterNetwork":"headcni"}`, ["OtherConfigPreferred"]],
  ];
  test.each(inFront)("lets a meta-plugin be when told to, %s", async (_, content, codes) => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    node.root.write("/etc/cni/net.d/00-multus.conf", content);
    node.root.write("/etc/cni/net.d/99-loopback.conf", `{"name":"lo","type":"loopback"}`);
    node.root.write(configFile, "cni: {otherConfigs: keep}\n");
    const daemon = node.start();
    await daemon.reconcile();
    expect(node.codes()).toEqual([...codes]);
    const isReady = !codes.includes("OtherConfigPreferred");
    expect(daemon.document().ready).toBe(isReady);
    expect(conflistOf(daemon)).toMatchObject({ inForce: isReady });
    expect(node.root.read("/etc/cni/net.d/00-multus.conf")).toBe(content);
  });

  test("lets a silent meta-plugin before another CNI's configuration be, and is not ready: it calls that one", async () => {
    using node = fakeNode();
    node.root.write("/etc/cni/net.d/00-multus.conf", `{"name":"m","type":"multus-shim"}`);
    node.root.write("/etc/cni/net.d/05-cilium.conflist", `{"name":"cilium","plugins":[{"type":"cilium-cni"}]}`);
    node.root.write(configFile, "cni: {otherConfigs: keep}\n");
    await node.start().reconcile();
    const preferred = node.conditions.list().find(({ code }) => code === "OtherConfigPreferred");
    expect(preferred?.text).toContain("00-multus.conf in /etc/cni/net.d is a meta-plugin's and calls cilium");
  });

  test("slows down when something keeps undoing its work, and says so", async () => {
    using node = fakeNode();
    const daemon = node.start();
    await daemon.reconcile();
    const harm = async () => {
      node.root.write(conflistPath, "{}");
      await daemon.reconcile();
      return conflistOf(daemon);
    };
    for (let repair = 0; repair < 21; repair++) {
      expect(await harm()).toMatchObject({ writes: repair + 2, lastWrite: { reason: "content" } });
    }
    expect(node.codes()).toContain("ConflistContested");
    expect(await harm()).toMatchObject({ writes: 22 });
    await node.clock.advance(2000);
    expect(await harm()).toMatchObject({ writes: 23, lastWrite: { reason: "content" } });
    await node.clock.advance(60_000);
    await daemon.reconcile();
    expect(node.codes()).not.toContain("ConflistContested");
  });
});

describe("the agents when the PodCIDR changes", () => {
  const onOld = (ports: string[]) => ({ addresses: [parsePrefix("10.42.3.1/24")], ports });

  test("replaces the bridge when no pod is there", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    const daemon = node.start();
    await daemon.reconcile();
    node.kernel.bridge = onOld([]);
    node.root.write(flannel, subnetEnv("10.42.4.1/24"));
    await daemon.reconcile();
    expect(subnetOf(node)).toBe("10.42.4.0/24");
    expect(node.kernel.bridge).toBeUndefined();
    expect(remembered(node)).toMatchObject([{ podCIDRs: parsePodCIDRs("10.42.4.0/24") }, {}]);
  });

  test.each([
    ["a device on the bridge", (node: FakeNode) => (node.kernel.bridge = onOld(["veth1"]))],
    ["a lease", (node: FakeNode) => node.root.write(`${leaseDir}/10.42.3.2`, "aaa\r\neth0")],
    ["a bridge it cannot look at", (node: FakeNode) => (node.kernel.ipFault = "missing")],
  ])("changes nothing while there is %s, then by itself", async (_name, occupy) => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    const daemon = node.start();
    await daemon.reconcile();
    occupy(node);
    node.root.write(flannel, subnetEnv("10.42.4.1/24"));
    await daemon.reconcile();
    expect(subnetOf(node)).toBe("10.42.3.0/24");
    expect(node.codes()).toContain("PodCIDRChangeBlocked");
    expect(remembered(node)).toMatchObject([{ podCIDRs: parsePodCIDRs("10.42.3.0/24") }, {}]);
    node.kernel.bridge = undefined;
    node.kernel.ipFault = undefined;
    rmSync(`${node.root.path}${leaseDir}`, { recursive: true, force: true });
    await daemon.reconcile();
    expect(subnetOf(node)).toBe("10.42.4.0/24");
    expect(node.codes()).toEqual([]);
  });

  test("leaves the old bridge where the new conflist cannot be put in force, and changes both later", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    const daemon = node.start();
    await daemon.reconcile();
    node.kernel.bridge = onOld([]);
    node.kernel.brokenPlugin = "host-local";
    node.root.write("/opt/cni/bin/host-local", "a broken one");
    node.root.write(flannel, subnetEnv("10.42.4.1/24"));
    await daemon.reconcile();
    expect(node.codes()).toEqual(["ConflistInvalid"]);
    expect(node.kernel.bridge).toBeDefined();
    expect(remembered(node)).toMatchObject([{ podCIDRs: parsePodCIDRs("10.42.3.0/24") }, {}]);
    node.kernel.brokenPlugin = undefined;
    await daemon.reconcile();
    expect(subnetOf(node)).toBe("10.42.4.0/24");
    expect(node.kernel.bridge).toBeUndefined();
  });

  test("keeps what was assigned when the source is gone after a reboot, also with /run emptied", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    await node.start().reconcile();
    rmSync(`${node.root.path}/run`, { recursive: true });
    for (let start = 0; start < 2; start++) {
      await node.start().reconcile();
      expect(subnetOf(node)).toBe("10.42.3.0/24");
      expect(node.codes()).toEqual(["PodCIDRSourceLost"]);
    }
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    await node.start().reconcile();
    expect(node.codes()).toEqual([]);
  });

  test("keeps the CIDR of another CNI's conflist after moving it aside, without complaint", async () => {
    using node = fakeNode();
    const ipam = { type: "host-local", subnet: "10.9.8.0/24" };
    const theirs = { cniVersion: "0.4.0", name: "old", plugins: [{ type: "bridge", ipam }] };
    node.root.write("/etc/cni/net.d/05-old.conflist", JSON.stringify(theirs));
    const daemon = node.start();
    await daemon.reconcile();
    expect(subnetOf(node)).toBe("10.9.8.0/24");
    await daemon.reconcile();
    await node.start().reconcile();
    expect(subnetOf(node)).toBe("10.9.8.0/24");
    expect(node.codes()).toEqual([]);
  });

  test("touches nothing when it is restarted under live pods", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    await node.start().reconcile();
    node.kernel.bridge = onOld(["veth1", "veth2"]);
    const before = node.system.files.lstat(conflistPath)?.inode;
    const daemon = node.start();
    await daemon.reconcile();
    expect(node.system.files.lstat(conflistPath)?.inode).toBe(before);
    expect(daemon.status("node")).toMatchObject({ pods: { bridgePorts: 2 }, conflist: { writes: 0, lastWrite: null } });
    expect(node.kernel.bridge?.ports.length).toBe(2);
  });

  test("takes the CIDR of a conflist of ours when nothing else remembers it", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    await node.start().reconcile();
    for (const path of nodeStateFiles) rmSync(`${node.root.path}${path}`);
    node.kernel.bridge = onOld(["veth1"]);
    node.root.write(flannel, subnetEnv("10.42.4.1/24"));
    await node.start().reconcile();
    expect(subnetOf(node)).toBe("10.42.3.0/24");
    expect(node.codes()).toContain("PodCIDRChangeBlocked");
  });
});

describe("the agents and masquerading", () => {
  test("holds its rules while it shall, and takes them out after that", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    node.root.write(configFile, "network: {masquerade: daemon}\n");
    const daemon = node.start();
    await daemon.reconcile();
    expect(daemon.status("dataplane")).toEqual({ masquerade: "applied", tailnet: "unknown" });
    expect(node.kernel.table).toContain("elements = { 10.42.0.0/16 }");
    expect(node.root.read(conflistPath)).toContain('"ipMasq": false');
    node.kernel.table = "table inet headcni {\n}";
    await daemon.reconcile();
    expect(node.kernel.table).toContain("masquerade");
    node.root.write(configFile, "network: {masquerade: bridge}\n");
    await daemon.reconcile();
    expect(daemon.status("dataplane")).toEqual({ masquerade: "bridge", tailnet: "unknown" });
    expect(node.kernel.table).toBeUndefined();
  });

  test("takes out what an earlier daemon left, asking once", async () => {
    using node = fakeNode();
    node.kernel.table = "table inet headcni {\n}";
    const daemon = node.start();
    await daemon.reconcile();
    expect(node.kernel.table).toBeUndefined();
    const asked = node.kernel.calls.length;
    await daemon.reconcile();
    expect(node.kernel.calls.slice(asked).filter((call) => !call.startsWith("ip -j "))).toEqual([]);
  });

  test("says it when nft is missing, and why", async () => {
    using node = fakeNode();
    node.root.write(configFile, "network: {masquerade: daemon}\n");
    node.kernel.nftFault = "missing";
    const daemon = node.start();
    await daemon.reconcile();
    expect(daemon.status("dataplane")).toEqual({ masquerade: "failed", tailnet: "unknown" });
    expect(node.conditions.list()[0]).toMatchObject({ code: "MasqueradeNotApplied", severity: "error" });
    expect(node.conditions.list()[0]?.text).toContain("Install the nftables package");
  });
});

describe("the agents with cni.type: headcni", () => {
  const plugin = "/opt/cni/bin/headcni";
  const firstType = (node: FakeNode): string => JSON.parse(node.root.read(conflistPath)).plugins[0].type;

  test("installs the plugin, tells it about the node, and calls it in the conflist", async () => {
    using node = fakeNode();
    node.root.write(flannel, subnetEnv("10.42.3.1/24"));
    node.root.write(configFile, "cni: {type: headcni}\n");
    const daemon = node.start();
    await daemon.reconcile();
    expect(firstType(node)).toBe("headcni");
    expect(node.root.read(plugin)).toBe("the executable");
    expect(remembered(node)).toMatchObject([{ podCIDRs: parsePodCIDRs("10.42.3.0/24"), bridge: { ipMasq: true } }, {}]);
    expect(node.codes()).toEqual([]);
    const inode = node.system.files.lstat(plugin)?.inode ?? -1;
    await daemon.reconcile();
    expect(node.system.files.lstat(plugin)?.inode).toBe(inode);
    node.root.write(plugin, "somebody else's");
    await daemon.reconcile();
    expect(node.root.read(plugin)).toBe("the executable");
  });

  test("does not say that bridge stands in for it where that cannot start either", async () => {
    using node = fakeNode();
    node.root.write(configFile, "cni: {type: headcni}\n");
    const daemon = node.start();
    await daemon.reconcile();
    node.kernel.brokenPlugin = "headcni";
    node.root.write(plugin, "changed");
    chmodSync(`${node.root.path}/opt/cni/bin/bridge`, 0o644);
    await daemon.reconcile();
    expect(firstType(node)).toBe("headcni");
    const text = node.conditions.list().find(({ code }) => code === "PluginUnusable")?.text;
    expect(text).toStartWith(`${plugin} cannot be used: it is no CNI plugin`);
    expect(text).toContain("A conflist that calls bridge directly is not in force either.");
    expect(node.codes()).toContain("ConflistInvalid");
  });

  test("calls bridge directly where the plugin does not start, says so, and changes over when it does", async () => {
    using node = fakeNode();
    node.root.write(configFile, "cni: {type: headcni}\n");
    node.kernel.brokenPlugin = "headcni";
    const daemon = node.start();
    await daemon.reconcile();
    expect(conflistOf(daemon)).toMatchObject({ inForce: true });
    expect(firstType(node)).toBe("bridge");
    expect(node.codes()).toContain("PluginUnusable");
    expect(node.conditions.list().find(({ code }) => code === "PluginUnusable")?.text).toStartWith(
      `${plugin} is not used and the conflist calls bridge directly, which pods do not notice: it is no CNI plugin`,
    );
    node.kernel.brokenPlugin = undefined;
    await daemon.reconcile();
    expect(firstType(node)).toBe("headcni");
    expect(node.codes()).not.toContain("PluginUnusable");
  });
});

test("the agents write the node state file before a conflist that calls the plugin, on a node never seen", async () => {
  using node = fakeNode();
  node.root.write(configFile, "cni: {type: headcni}\n");
  const seen: string[] = [];
  const exec: System["exec"] = {
    run: async (argv, options) => {
      if (argv[0]?.endsWith("/headcni")) {
        seen.push(
          `plugin asked, state ${nodeStateFiles.every((path) => node.root.exists(path)) ? "written" : "missing"}`,
        );
        seen.push(`conflist ${node.root.exists(conflistPath) ? "written" : "missing"}`);
      }
      return node.system.exec.run(argv, options);
    },
  };
  await node.start({ exec }).reconcile();
  expect(seen.slice(0, 2)).toEqual(["plugin asked, state written", "conflist missing"]);
  expect(node.root.exists(conflistPath)).toBe(true);
  // What held only after the first write is written too.
  expect(remembered(node)).toMatchObject(Array(2).fill({ conditions: [{ code: "PodCIDRNotAuthoritative" }] }));
});

describe("the agents, while they run,", () => {
  /** All but the server, whose port is the machine's. */
  async function runAgents(node: FakeNode, parts: Partial<System> = {}) {
    const daemon = node.start(parts);
    await daemon.reconcile();
    const stop = new AbortController();
    const agents = daemon.list.filter(({ name }) => name !== "server");
    const running = superviseAll(node.system, agents, { signal: stop.signal, stopMs: 1000 });
    const until = (what: string, condition: () => boolean) =>
      waitUntil(what, async () => {
        await node.clock.advance(50);
        return condition();
      });
    await until("each has looked again", () =>
      Object.values(daemon.document().agents).every(({ lastReconcile }) => (lastReconcile?.count ?? 2) >= 2),
    );
    const end = async (): Promise<void> => {
      stop.abort();
      await running;
    };
    return { daemon, until, end };
  }

  test("hear of a change in the directories they watch", async () => {
    using node = fakeNode();
    const { until, end } = await runAgents(node);
    node.root.write("/etc/cni/net.d/00-other.conf", "{}");
    await until("it is moved aside", () => node.root.exists("/etc/cni/net.d/00-other.conf.headcni-aside"));
    await end();
  });

  test("follow a value that another agent publishes, down to the node state file", async () => {
    using node = fakeNode();
    const { until, end } = await runAgents(node);
    node.root.write(configFile, "network: {mtu: 1400, podCIDR: {nodeLocal: 10.9.0.0/24}, masquerade: daemon}\n");
    await until("the conflist says it", () => subnetOf(node) === "10.9.0.0/24");
    await until("the kernel has it", () => node.kernel.table?.includes("elements = { 10.9.0.0/24 }") === true);
    await until("the node state file has it", () =>
      node.root.read(nodeStateFiles[1]).includes('"podCIDRs": [\n    "10.9.0.0/24"\n  ]'),
    );
    expect(remembered(node)).toMatchObject(Array(2).fill({ bridge: { mtuBytes: 1400 }, conditions: [] }));
    node.root.write(configFile, "network: {podCIDR: {nodeLocal: 10.9.0.0/24}}\n");
    await until("the rules are gone", () => node.kernel.table === undefined);
    await end();
  });

  test("do not wait for one that hangs", async () => {
    using node = fakeNode();
    node.root.write(configFile, "network: {masquerade: daemon}\n");
    const state = { hangs: false };
    const exec: System["exec"] = {
      run: (argv, options) => {
        if (!state.hangs || argv[0] !== "nft") return node.system.exec.run(argv, options);
        return new Promise((_resolve, reject) =>
          options?.signal?.addEventListener("abort", () => reject(new HeadcniError("HC_EXEC_FAILED", "called off"))),
        );
      },
    };
    const { daemon, until, end } = await runAgents(node, { exec });
    state.hangs = true;
    for (const agent of daemon.list) agent.wake("SIGHUP");
    node.root.write(conflistPath, "{}");
    await until("the conflist is put right", () => node.root.read(conflistPath).includes("headcni0"));
    await node.clock.advance(61_000);
    const stuck = daemon.list.flatMap((agent) => agent.stuck() ?? []);
    expect(stuck).toEqual([expect.stringMatching(/^the reconcile loop of dataplane has been busy for 6\d s$/)]);
    await end();
    expect(node.codes()).toEqual(["PodCIDRNotAuthoritative"]);
  });

  test("put the node state file right by themselves", async () => {
    using node = fakeNode();
    const { until, end } = await runAgents(node);
    rmSync(`${node.root.path}/run/headcni`, { recursive: true });
    await node.clock.advance(30_000);
    await until("it is there again", () => node.root.exists(nodeStateFiles[0]));
    await end();
  });
});
