// Disks that refuse: the daemon's state, its run directory, the runtime's directory, each read-only or full by a real mount. The
// conflist is the node's network, so it is written as long as nothing has to be backed up for it.

import { describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { conflistPath, headcni, headcniDaemon } from "../harness/headcni.ts";
import type { Node, NodeProcess } from "../harness/node.ts";
import {
  bootDaemon,
  conditionCodes,
  configFile,
  flannelFile,
  flannelNode,
  statusOf,
  subnetEnv,
  subnetOf,
} from "./daemon.ts";

const state = "/var/lib/headcni";
const manifest = `${state}/backups/manifest.json`;

/** Mounts a file system of 64 KiB over a directory, with what the directory held, and fills it or makes it read-only. */
async function refuse(node: Node, dir: string, how: "full" | "read-only"): Promise<void> {
  const cover = `mkdir -p ${dir} /saved && cp -a ${dir}/. /saved && mount -t tmpfs -o size=64k none ${dir} && cp -a /saved/. ${dir} && rm -rf /saved`;
  const refusal =
    how === "full"
      ? `dd if=/dev/zero of=${dir}/ballast bs=4k 2>/dev/null || test -s ${dir}/ballast`
      : `mount -o remount,ro ${dir}`;
  await node.must(["sh", "-c", `${cover} && { ${refusal}; }`]);
}

async function allow(node: Node, dir: string): Promise<void> {
  await node.must(["sh", "-c", `mount -o remount,rw ${dir} && rm -f ${dir}/ballast`]);
}

async function textOf(node: Node, code: string): Promise<string> {
  return (await statusOf(node)).conditions.find((condition) => condition.code === code)?.text ?? "";
}

const has = (node: Node, code: string) => async () => (await conditionCodes(node)).includes(code);
const isWell = (node: Node) => async () => (await conditionCodes(node)).length === 0;

async function comesBack(node: Node, daemon: NodeProcess): Promise<void> {
  await waitUntil(`the conflist is back; the daemon said ${daemon.output()}`, () => node.exists(conflistPath));
  expect(subnetOf(node)).toBe("10.42.3.0/24");
}

describe.each(["full", "read-only"] as const)("with %s state", (how) => {
  const why = how === "full" ? "no space left on the device" : "the file system is read-only";

  test("a deleted conflist comes back, and a condition says what cannot be written", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    await refuse(node, state, how);
    await node.must(["rm", conflistPath]);
    await comesBack(node, daemon);
    daemon.kill("SIGHUP");
    await waitUntil("a condition says so", has(node, "StateDirNotWritable"));
    expect(await textOf(node, "StateDirNotWritable")).toContain(`${state}: ${why}`);
    expect((await statusOf(node)).ready).toBe(true);
    await allow(node, state);
    await waitUntil("all is well", isWell(node), 15_000);
    expect(await daemon.stop()).toBe(0);
  });

  test("a node that HeadCNI never was on gets its conflist, and can be restored once the state is written", async () => {
    await using node = await flannelNode();
    await refuse(node, state, how);
    const daemon = await bootDaemon(node);
    await comesBack(node, daemon);
    expect(await conditionCodes(node)).toContain("StateDirNotWritable");
    await allow(node, state);
    await waitUntil("all is well", isWell(node), 15_000);
    expect(node.exists(manifest)).toBe(true);
    expect(await daemon.stop()).toBe(0);
    await node.must([headcni, "conflist", "restore"]);
    expect(node.list("/etc/cni/net.d")).toEqual([]);
  });

  test("a new PodCIDR is put in force", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    await refuse(node, state, how);
    node.write(subnetEnv, flannelFile("10.42.4.1/24"));
    await waitUntil("the new one is in force", () => subnetOf(node) === "10.42.4.0/24");
    await allow(node, state);
    await waitUntil("it is recorded", isWell(node), 15_000);
    expect(await daemon.stop()).toBe(0);
    await node.must([headcni, "conflist", "restore"]);
    expect(node.list("/etc/cni/net.d")).toEqual([]);
  });

  test.each([
    ["garbage", "garbage"],
    ["nothing", ""],
    ["another CNI's configuration", '{"cniVersion":"0.3.1","name":"other","plugins":[{"type":"ptp"}]}'],
  ])("%s in its place is kept beside it", async (_name, content) => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    await refuse(node, state, how);
    const good = node.read(conflistPath);
    node.write(conflistPath, content);
    await waitUntil("it is put right", () => node.read(conflistPath) === good);
    expect(node.read(`${conflistPath}.headcni-aside`)).toBe(content);
    node.write(conflistPath, content);
    await waitUntil("it is put right again", () => node.read(conflistPath) === good);
    expect(node.list("/etc/cni/net.d")).toEqual(["10-headcni.conflist", "10-headcni.conflist.headcni-aside"]);
    expect(await daemon.stop()).toBe(0);
  });

  test("another CNI's file in front stays, since it must be backed up first", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    await refuse(node, state, how);
    node.write("/etc/cni/net.d/05-other.conflist", "{}");
    await waitUntil("a condition says so", has(node, "ConflistNotWritten"));
    expect(node.list("/etc/cni/net.d")).toEqual(["05-other.conflist", "10-headcni.conflist"]);
    await allow(node, state);
    await waitUntil("it is moved", () => node.exists("/etc/cni/net.d/05-other.conflist.headcni-aside"), 15_000);
    expect(await daemon.stop()).toBe(0);
  });

  test("a daemon starts on what a killed one left", async () => {
    await using node = await flannelNode();
    const first = await bootDaemon(node);
    first.kill("SIGKILL");
    await first.exited;
    await node.must(["rm", conflistPath]);
    node.write("/etc/cni/net.d/.10-headcni.conflist.0123456789ab.tmp", "half");
    await refuse(node, state, how);
    const daemon = await bootDaemon(node);
    await comesBack(node, daemon);
    expect(node.list("/etc/cni/net.d")).toEqual(["10-headcni.conflist"]);
    expect(await daemon.stop()).toBe(0);
  });

  test("with cni.type headcni pods are made by bridge until the plugin can save its calls", async () => {
    await using node = await flannelNode({ [configFile]: "cni: {type: headcni}\n" });
    const daemon = await bootDaemon(node);
    const typeOf = (): unknown => JSON.parse(node.read(conflistPath)).plugins[0].type;
    expect(typeOf()).toBe("headcni");
    await refuse(node, state, how);
    daemon.kill("SIGHUP");
    await waitUntil("bridge is called", () => typeOf() === "bridge");
    expect(await textOf(node, "PluginUnusable")).toContain(`it cannot save its calls in ${state}/cni: ${why}`);
    expect((await statusOf(node)).ready).toBe(true);
    await allow(node, state);
    daemon.kill("SIGHUP");
    await waitUntil("all is as before", async () => typeOf() === "headcni" && (await isWell(node)()), 15_000);
    expect(await daemon.stop()).toBe(0);
  });

  test("headcni conflist install writes what needs no backup, and warns", async () => {
    await using node = await flannelNode();
    await refuse(node, state, how);
    const { exitCode, stderr } = await node.run([headcni, "conflist", "install"]);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining(`warning: `)]);
    expect(stderr).toContain(why);
    expect(subnetOf(node)).toBe("10.42.3.0/24");
  });
});

describe.each([
  ["a file in the place of the state folder", `rm -rf ${state} && touch ${state}`],
  ["a manifest that is torn", `mkdir -p ${state}/backups && echo '{"version":' > ${manifest}`],
  ["a manifest of a later version", `mkdir -p ${state}/backups && echo '{"version":9,"folders":{}}' > ${manifest}`],
  [
    "a folder in the place of the lock",
    `rm -rf ${state}/conflist.lock ${state}/backups && mkdir -p ${state}/conflist.lock ${state}/backups/manifest.json`,
  ],
])("with %s", (_name, damage) => {
  test("a deleted conflist comes back", async () => {
    await using node = await flannelNode();
    const daemon = await bootDaemon(node);
    await node.must(["sh", "-c", damage]);
    await node.must(["rm", conflistPath]);
    await comesBack(node, daemon);
    expect(await daemon.stop()).toBe(0);
  });
});

describe.each(["full", "read-only"] as const)("with %s /run/headcni", (how) => {
  test("the daemon starts, says so, keeps the conflist right, and keeps a second one out", async () => {
    await using node = await flannelNode();
    await refuse(node, "/run/headcni", how);
    const daemon = await node.spawn([headcniDaemon]);
    await waitUntil(`it serves; it said ${daemon.output()}`, () => daemon.output().includes("are served on"), 20_000);
    await comesBack(node, daemon);
    expect(await conditionCodes(node)).toContain("StateDirNotWritable");
    await node.must(["rm", conflistPath]);
    await comesBack(node, daemon);
    const second = await node.run([headcniDaemon, "--once"]);
    expect([second.exitCode, second.stderr]).toEqual([5, expect.stringContaining("another headcni-daemon")]);
    await allow(node, "/run/headcni");
    await waitUntil("all is well", isWell(node), 15_000);
    expect(node.exists("/run/headcni/node.json")).toBe(true);
    expect(await daemon.stop()).toBe(0);
  });

  test("the plugin of cni.type headcni reads the other copy", async () => {
    await using node = await flannelNode({ "/etc/headcni/config.yaml": "cni: {type: headcni}\n" });
    await refuse(node, "/run/headcni", how);
    const { exitCode } = await node.run([headcniDaemon, "--once"]);
    expect(exitCode).toBe(0);
    expect(node.exists(`${state}/node.json`)).toBe(true);
  });
});

test("a folder of configurations that a killed write has filled is tidied up and written", async () => {
  await using node = await flannelNode();
  await node.must(["sh", "-c", "mkdir -p /etc/cni/net.d && mount -t tmpfs -o size=16k none /etc/cni/net.d"]);
  const temporary = "/etc/cni/net.d/.10-headcni.conflist.0123456789ab.tmp";
  await node.must(["sh", "-c", `dd if=/dev/zero of=${temporary} bs=4k 2>/dev/null || test -s ${temporary}`]);
  await refuse(node, state, "read-only");
  expect((await node.run([headcniDaemon, "--once"])).exitCode).toBe(0);
  expect(node.list("/etc/cni/net.d")).toEqual(["10-headcni.conflist"]);
});

test("a full folder of configurations keeps no temporary file, and is written once there is room", async () => {
  await using node = await flannelNode();
  const daemon = await bootDaemon(node);
  await refuse(node, "/etc/cni/net.d", "full");
  node.write(subnetEnv, flannelFile("10.42.4.1/24"));
  await waitUntil("a condition says so", has(node, "ConflistNotWritten"), 10_000);
  expect(await textOf(node, "ConflistNotWritten")).toContain("no space left on the device");
  expect(node.list("/etc/cni/net.d")).toEqual(["10-headcni.conflist", "ballast"]);
  await allow(node, "/etc/cni/net.d");
  await waitUntil("it is written", () => subnetOf(node) === "10.42.4.0/24", 10_000);
  expect(await daemon.stop()).toBe(0);
});
