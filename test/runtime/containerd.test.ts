// The product as a kubelet meets it: the daemon writes the conflist, containerd makes pods over CRI.

import { describe, expect, test } from "bun:test";
import { parseAddr } from "../../src/cidr/addr.ts";
import { parsePrefix } from "../../src/cidr/prefix.ts";
import { connectCri } from "../../src/runtime/cri/client.ts";
import { createSystem } from "../../src/sys/system.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { containerdSocket, startContainerd } from "../harness/containerd.ts";
import { connectPods, type Pod, podPort } from "../harness/cri.ts";
import { runDaemonOnce } from "../harness/headcni.ts";
import { leftovers, noLeftovers } from "../harness/leftovers.ts";
import { createNode } from "../harness/node.ts";
import { conflistKinds, nodeFiles, podCIDR } from "./kinds.ts";

const podCount = 20;

describe.each(conflistKinds)("containerd with $name", (kind) => {
  test("runs 20 pods that all reach each other, and forgets them without a trace", async () => {
    await using node = await createNode({ files: nodeFiles(kind) });
    await startContainerd(node);
    using cri = connectCri(createSystem(), node.path(containerdSocket));
    using runtime = connectPods(node);
    expect((await runtime.network()).isReady).toBe(false);
    await runDaemonOnce(node);
    await waitUntil("containerd sees the conflist", async () => (await runtime.network()).isReady);

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

/** The names heard at the addresses, in their order; what went wrong stands in a name's place. */
async function askAll(pod: Pod, addresses: readonly string[]): Promise<string[]> {
  const ask = addresses.map((address) => `nc -w 5 ${address} ${podPort} </dev/null 2>&1 || echo`).join("; ");
  const { stdout } = await pod.exec(["sh", "-c", ask]);
  return stdout.trimEnd().split("\n");
}
