// The image in containerd with the pod that Helm renders, on a node in namespaces: what the chart promises of a node, without a cluster.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { connectPods } from "../harness/cri.ts";
import { conflistPath } from "../harness/headcni.ts";
import type { Node } from "../harness/node.ts";
import { findTailscaled } from "../harness/tailnet/programs.ts";
import { changedPaths, treeOf } from "../install/tree.ts";
import { buildImage, type ChartNode, createChartNode, podOf } from "./chart-node.ts";
import { helmTemplate } from "./helm.ts";
import { runChartPod } from "./kubelet.ts";
import { helmTestReachesTheOtherNode } from "./scenarios/connectivity.ts";
import { controllerApproves } from "./scenarios/controller.ts";
import { imageHasLicences, imageIsReproducible } from "./scenarios/image.ts";
import { tailscaledIsFound } from "./scenarios/tailscaled.ts";

const tailscaled = findTailscaled();
/** Seconds, but for a machine that has much else to do. */
const limitMs = 300_000;
const hasGo = Bun.which("go") !== null;

if (hasGo) {
  describe("in containerd on a bare node", () => {
    let chartNode: ChartNode;
    beforeAll(async () => {
      await buildImage();
      chartNode = await createChartNode();
    }, 900_000);
    afterAll(() => chartNode?.[Symbol.asyncDispose]());

    test("the image is the same bytes when it is made again", imageIsReproducible, limitMs);
    test("the image has a licence for each thing in it", imageHasLicences);
    test("helm test reaches the other node", helmTestReachesTheOtherNode, limitMs);
    test("the controller's pod approves", () => controllerApproves(chartNode.node), limitMs);
    if (tailscaled === undefined) console.log("    not run, tailscaled's DaemonSet: no tailscaled");
    else {
      const program = tailscaled;
      test("the daemon's pod finds tailscaled's", () => tailscaledIsFound(chartNode.node, program), limitMs);
    }
    test("the daemon's pod gives the node a network, which is taken back", () => installAndRemove(chartNode), limitMs);
  });
} else console.log("    not run, the chart's pods in containerd: Go is not on PATH, and builds the image's plugins");

async function kernelOf(node: Node): Promise<string> {
  return node.must(["sh", "-ec", "ip rule; ip -6 rule; nft list tables; ip -brief link | grep headcni || true"]);
}

/** What runtimes and kubelets have on a node before any CNI is there: for mounts, locks and notes of their own. */
const given = "mkdir -p /etc/cni/net.d /var/lib/cni/results && chmod 755 /etc/cni/net.d && touch /run/xtables.lock";

async function installAndRemove({ node, runtime: containerd }: ChartNode): Promise<void> {
  using runtime = connectPods(node);
  await node.must(["sh", "-c", given]);
  const [tree, kernel] = [await treeOf(node, { where: ["/"] }), await kernelOf(node)];
  const rendered = await helmTemplate([
    "config.network.podCIDR.nodeLocal=10.244.1.0/24",
    "config.network.podCIDR.nodeObject.enabled=false",
    "config.network.masquerade=daemon",
    "singleNode=true",
  ]);
  const isReady = (): Promise<boolean> => runtime.network().then((network) => network.isReady);
  const has = (): boolean => node.exists(conflistPath) && node.read(conflistPath).includes("10.244.1.0/24");

  // As an archive of plugins makes it.
  await node.must(["chown", "1001:1001", "/opt/cni/bin"]);
  const begun = performance.now();
  let daemon = await runChartPod(node, podOf(rendered, "DaemonSet", "headcni-daemon"));
  expect(daemon.initExits).toEqual([0]);
  await waitUntil("the runtime has a network", isReady, 20_000);
  console.log(`From the pod's start to a network: ${Math.round(performance.now() - begun)} ms`);
  expect(node.list("/opt/cni/bin")).toEqual(["bridge", "host-local", "loopback", "portmap"]);
  for (const argv of [
    ["headcni", "status", "--wait", "20"],
    ["headcni", "podcidr"],
  ]) {
    const { exitCode, stdout, stderr } = await daemon.exec(argv);
    expect([exitCode, stderr]).toEqual([0, ""]);
    if (argv[1] === "podcidr") expect(stdout).toContain("10.244.1.0/24");
  }
  const doctor = await daemon.exec(["headcni", "doctor", "-o", "json"]);
  expect(doctor.stdout).toContain("10.244.1.0/24");

  const [client, server] = [await runtime.runPod({ name: "client" }), await runtime.runPod({ name: "server" })];
  const ask = ["nc", "-w", "5", server.addresses[0] ?? "", "8080"];
  expect((await client.exec(ask)).stdout).toBe("server\n");

  const damages = [
    ["the file is removed", `rm ${conflistPath}`],
    ["its folder is replaced", "mv /etc/cni/net.d /etc/cni/old && mkdir -p /etc/cni/net.d && rm -r /etc/cni/old"],
    ["the folder above is replaced", "mount -t tmpfs none /etc/cni/net.d"],
  ] as const;
  for (const [what, command] of damages) {
    await node.must(["sh", "-c", command]);
    await waitUntil(`the conflist is back after ${what}`, has, 10_000);
  }
  await node.must(["umount", "/etc/cni/net.d"]);
  await waitUntil("the conflist is back", has, 10_000);
  // It watches the directory that was moved away: a containerd does not look at another one before it is restarted.
  await containerd.restart();
  await waitUntil("the runtime has a network again", isReady, 20_000);
  expect((await client.exec(ask)).stdout).toBe("server\n");

  // An update of the DaemonSet: the pods' network goes on without it.
  await daemon.remove();
  expect((await client.exec(ask)).stdout).toBe("server\n");
  daemon = await runChartPod(node, podOf(rendered, "DaemonSet", "headcni-daemon"));
  expect((await daemon.exec(["headcni", "status", "--wait", "20"])).exitCode).toBe(0);

  await daemon.remove();
  const refused = await runChartPod(node, podOf(rendered, "DaemonSet", "headcni-uninstall"));
  expect(refused.initExits).toEqual([1]);
  expect(refused.log("uninstall")).toContain("10-headcni.conflist, by which 2 pods of this node are taken down");
  expect(has()).toBe(true);
  await refused.remove();
  for (const pod of [client, server]) await pod.remove();
  // Its node dies while it is at work, again and again.
  for (const killInitAfterMs of [100, 300, 500, 700]) {
    await (await runChartPod(node, { ...podOf(rendered, "DaemonSet", "headcni-uninstall"), killInitAfterMs })).remove();
  }
  const done = await runChartPod(node, podOf(rendered, "DaemonSet", "headcni-uninstall"));
  expect([done.initExits, done.log("uninstall")]).toEqual([[0], expect.not.stringContaining("Left alone")]);
  await done.remove();
  // What the test itself has changed: an owner, and a directory that it has put in place of another.
  await node.must(["sh", "-c", "chown 0:0 /opt/cni/bin && chmod 755 /etc/cni/net.d"]);
  expect(changedPaths(tree, await treeOf(node, { where: ["/"] }))).toEqual([]);
  expect(await kernelOf(node)).toBe(kernel);
}
