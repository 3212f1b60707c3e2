// The product as a kubelet meets it: the daemon writes the conflist, containerd makes pods over CRI.

import { describe, expect, test } from "bun:test";
import { parseAddr } from "../../src/cidr/addr.ts";
import { parsePrefix } from "../../src/cidr/prefix.ts";
import type { CheckDocument } from "../../src/doctor/run-checks.ts";
import { connectCri } from "../../src/runtime/cri/client.ts";
import { createSystem } from "../../src/sys/system.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { checkOf, doctorOf } from "../doctor/doctor.ts";
import { containerdSocket, startContainerd } from "../harness/containerd.ts";
import { connectPods, type Pod, podPort } from "../harness/cri.ts";
import { runDaemonOnce } from "../harness/headcni.ts";
import { leftovers, noLeftovers } from "../harness/leftovers.ts";
import { createNode, type Node } from "../harness/node.ts";
import { conflistKinds, nodeFiles, podCIDR } from "./kinds.ts";

const podCount = 20;

describe.each(conflistKinds)("containerd with $name", (kind) => {
  test("runs 20 pods that all reach each other, and forgets them without a trace", async () => {
    await using node = await createNode({ files: nodeFiles(kind) });
    await startContainerd(node);
    using cri = connectCri(createSystem(), node.path(containerdSocket));
    using runtime = connectPods(node);
    expect((await runtime.network()).isReady).toBe(false);
    const ready = async () => checkOf(await doctorOf(node), "runtime-ready");
    const isFirst = kind === conflistKinds[0];
    if (isFirst) expect(await ready()).toMatchObject({ status: "failed", faults: [withoutNetwork] });
    await runDaemonOnce(node);
    await waitUntil("containerd sees the conflist", async () => (await runtime.network()).isReady);
    if (isFirst) await expectReady(node, ready);

    const names = Array.from({ length: podCount }, (_, index) => `pod-${index}`);
    const pods = await Promise.all(names.map((name) => runtime.runPod({ name })));
    expect(await cri.listPodSandboxIds()).toEqual(new Set(pods.map(({ id }) => id)));
    const addresses = pods.map(({ addresses: [address] }) => address ?? "");
    expect(new Set(addresses).size).toBe(podCount);
    expect(addresses.filter((address) => !parsePrefix(podCIDR).containsAddr(parseAddr(address)))).toEqual([]);

    // Everybody asks everybody, itself included, for its name: 400 connections.
    const heard = await Promise.all(pods.map((pod) => askAll(pod, addresses)));
    expect(heard).toEqual(pods.map(() => names));

    await Promise.all(pods.map((pod) => pod.remove()));
    expect(await cri.listPodSandboxIds()).toEqual(new Set());
    expect(await leftovers(node)).toEqual(noLeftovers);
  });
});

/** In containerd's own words. */
const withoutNetwork = {
  code: "RuntimeNotReady",
  status: "failed",
  evidence: expect.stringMatching(
    /^\/run\/containerd\/containerd\.sock says: .*cni plugin not initialized.*no network config found.*; it reads \/etc\/cni\/net\.d$/,
  ),
  remedy: expect.stringContaining("headcni conflist validate"),
};

/** And not, once its file names another directory than it was started with. */
async function expectReady(node: Node, ready: () => Promise<CheckDocument>): Promise<void> {
  const config = "/etc/containerd/config.toml";
  const written = node.read(config);
  expect(await ready()).toMatchObject({ status: "ok", faults: [] });
  node.write(config, written.replace("/etc/cni/net.d", "/etc/cni/other.d"));
  const [fault] = (await ready()).faults;
  expect([fault?.code, fault?.evidence]).toEqual([
    "RuntimeFolderDiffers",
    "/run/containerd/containerd.sock reads configurations from /etc/cni/net.d, and HeadCNI writes to /etc/cni/other.d",
  ]);
  node.write(config, written);
}

/** The names heard at the addresses, in their order; what went wrong stands in a name's place. */
async function askAll(pod: Pod, addresses: readonly string[]): Promise<string[]> {
  const ask = addresses.map((address) => `nc -w 5 ${address} ${podPort} </dev/null 2>&1 || echo`).join("; ");
  const { stdout } = await pod.exec(["sh", "-c", ask]);
  return stdout.trimEnd().split("\n");
}
