// A daemon in a container sees the host's directories through mounts: what it says, and that liveness has it restarted, when the host
// has replaced one of them.

import { expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { headcni, headcniDaemon } from "../harness/headcni.ts";
import type { Node, NodeProcess } from "../harness/node.ts";
import { conditionCodes, configFile, flannelNode, get, statusOf, waitForOutput } from "./daemon.ts";

const hostDirs = { "/etc/cni/net.d": "/host/net.d", "/opt/cni/bin": "/host/bin", "/var/lib/headcni": "/host/state" };
let starts = 0;

/** Starts a daemon with a mount namespace of its own, in which the host's directories are mounted where a pod has them. */
async function startInPod(node: Node): Promise<NodeProcess> {
  const binds = Object.entries(hostDirs).map(([path, host]) => `mkdir -p ${path} && mount --bind ${host} ${path}`);
  const script = `${binds.join(" && ")} && exec ${headcniDaemon}`;
  starts += 1;
  const log = `/var/log/pod-${starts}.log`;
  const daemon = await node.spawn(["unshare", "--mount", "--propagation", "private", "sh", "-c", script], { log });
  await waitForOutput(daemon, "Status and metrics are served on");
  return daemon;
}

async function podNode(): Promise<Node> {
  const node = await flannelNode({ [configFile]: "cni: {binDir: /opt/cni/bin}\n" });
  await node.must(["sh", "-c", "mkdir -p /host/net.d /host/state && cp -r /opt/cni/bin /host/bin"]);
  return node;
}

const conflist = "/host/net.d/10-headcni.conflist";

test.each([
  [
    "removed",
    "/etc/cni/net.d",
    "rm -rf /host/net.d && mkdir /host/net.d",
    "MountedFolderGone",
    "removed or replaced on the host",
  ],
  [
    "removed, and stays away",
    "/etc/cni/net.d",
    "rm -rf /host/net.d",
    "MountedFolderGone",
    "removed or replaced on the host",
  ],
  [
    "moved away",
    "/etc/cni/net.d",
    "mv /host/net.d /host/old && mkdir /host/net.d",
    "MountedFolderGone",
    "which is now /host/old there",
  ],
  [
    "replaced",
    "/opt/cni/bin",
    "cp -r /host/bin /host/new && rm -rf /host/bin && mv /host/new /host/bin",
    "MountedFolderGone",
    "removed or replaced on the host",
  ],
  [
    "removed",
    "/var/lib/headcni",
    "rm -rf /host/state && mkdir /host/state",
    "StateDirNotWritable",
    "removed or replaced on the host",
  ],
])(
  "%s: %s on the host is told, and a new container has the one that is there",
  async (_how, dir, replace, code, why) => {
    await using node = await podNode();
    const daemon = await startInPod(node);
    expect(node.exists(conflist)).toBe(true);
    expect((await get(node, "/healthz")).status).toBe(200);
    await node.must(["sh", "-c", replace]);
    daemon.kill("SIGHUP");
    await waitUntil("a condition says so", async () => (await conditionCodes(node)).includes(code), 10_000);
    const text = (await statusOf(node)).conditions.find((condition) => condition.code === code)?.text ?? "";
    expect(text).toContain(`${dir}: it is a mount of `);
    expect(text).toContain(why);
    expect(text).not.toContain("make the folder writable");
    await waitUntil("liveness fails", async () => (await get(node, "/healthz")).status === 503);
    expect(await daemon.stop()).toBe(0);

    await node.must(["mkdir", "-p", "/host/net.d"]);
    const next = await startInPod(node);
    expect(node.exists(conflist)).toBe(true);
    expect(await conditionCodes(node)).toEqual([]);
    expect((await get(node, "/healthz")).status).toBe(200);
    expect(await next.stop()).toBe(0);
  },
);

test("headcni conflist install says what the folder is", async () => {
  await using node = await podNode();
  const script = `mount --bind /host/net.d /etc/cni/net.d; rmdir /host/net.d; exec ${headcni} conflist install`;
  await node.must(["mkdir", "-p", "/etc/cni/net.d"]);
  const { exitCode, stderr } = await node.run(["unshare", "--mount", "--propagation", "private", "sh", "-c", script]);
  expect(exitCode).toBe(4);
  expect(stderr).toContain(
    "Cannot use /etc/cni/net.d for CNI configurations: it is a mount of a folder that was removed",
  );
});
