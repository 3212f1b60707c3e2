// What a cluster asks for beyond one IPv4 address: both families, host ports, a node that another CNI had before.

import { expect, test } from "bun:test";
import { waitUntil } from "../../src/sys/testing.ts";
import { startContainerd } from "../harness/containerd.ts";
import { connectPods, podPort } from "../harness/cri.ts";
import { headcni, runDaemonOnce, startDaemon } from "../harness/headcni.ts";
import { kubeadmFiles } from "../harness/kubeadm.ts";
import { leftovers, noLeftovers } from "../harness/leftovers.ts";
import { createNode } from "../harness/node.ts";
import { cniTypes, nodeOfType } from "./kinds.ts";

test.each(cniTypes)("pods of type %s get an address of each family and are reached on both", async (type) => {
  const podCIDR = "10.244.1.0/24,fd00:10:244:1::/64";
  const files = {
    ...kubeadmFiles({ podCIDR, clusterCIDR: "10.244.0.0/16,fd00:10:244::/48" }),
    "/etc/headcni/config.yaml": `cni:\n  type: ${type}\n`,
  };
  await using node = await createNode({ files });
  await runDaemonOnce(node);
  await startContainerd(node);
  using runtime = connectPods(node);
  const client = await runtime.runPod({ name: "client" });
  const server = await runtime.runPod({ name: "server" });
  const [ipv4 = "", ipv6 = ""] = server.addresses;
  expect(ipv4).toStartWith("10.244.1.");
  expect(ipv6).toStartWith("fd00:10:244:1::");
  // A new IPv6 address is tentative for a moment before it can be used.
  const ask = [ipv4, ipv6].map((address) => `until nc -w 2 ${address} ${podPort} </dev/null; do sleep 0.1; done`);
  expect((await client.exec(["timeout", "10", "sh", "-c", ask.join("; ")])).stdout).toBe("server\nserver\n");
  await Promise.all([client.remove(), server.remove()]);
  expect(await leftovers(node)).toEqual(noLeftovers);
});

const portmap = { type: "portmap", capabilities: { portMappings: true } };

test.each(cniTypes)("a portmap chained after %s leads a port of the node to a pod", async (type) => {
  const files = nodeOfType(type, ["plugins: [{ type: portmap, capabilities: { portMappings: true } }]"]);
  await using node = await createNode({ files });
  await runDaemonOnce(node);
  await startContainerd(node);
  using runtime = connectPods(node);
  const pod = await runtime.runPod({ name: "exposed", ports: [{ host: 30080, container: podPort }] });
  const ask = (port: number): Promise<string> => node.must(["busybox", "nc", "-w", "2", "127.0.0.1", String(port)]);
  expect(await ask(30080)).toBe("exposed\n");
  await pod.remove();
  await expect(ask(30080)).rejects.toThrow("Connection refused");
  const { rules, ...rest } = await leftovers(node, ["rules"]);
  expect({ ...rest, rules: [] as readonly string[] }).toEqual(noLeftovers);
  // portmap keeps its own chains for the next pod; none of them names an address.
  expect(rules.filter((rule) => rule.includes("10.244.1."))).toEqual([]);
});

test("a node that flannel had goes on with the same range, and gets flannel's files back", async () => {
  const flannel = JSON.stringify({
    cniVersion: "0.3.1",
    name: "cbr0",
    plugins: [{ type: "flannel", delegate: { hairpinMode: true, isDefaultGateway: true } }, portmap],
  });
  await using node = await createNode({
    files: {
      ...kubeadmFiles(),
      "/run/flannel/subnet.env":
        "FLANNEL_NETWORK=10.244.0.0/16\nFLANNEL_SUBNET=10.244.7.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n",
      "/etc/cni/net.d/10-flannel.conflist": flannel,
      "/etc/cni/net.d/05-broken.conf": "{",
    },
  });
  await startContainerd(node);
  using runtime = connectPods(node);
  expect((await runtime.network()).isReady).toBe(false);
  const daemon = await startDaemon(node);
  await waitUntil("containerd takes our conflist", async () => (await runtime.network()).isReady);
  const pod = await runtime.runPod({ name: "moved" });
  expect(pod.addresses[0]).toStartWith("10.244.7.");
  await pod.remove();

  const lost = async (): Promise<boolean> =>
    (await node.must([headcni, "status", "-o", "json"])).includes("ChainedPluginsLost");
  expect(await lost()).toBe(true);
  node.write("/etc/headcni/config.yaml", `cni:\n  plugins:\n    - ${JSON.stringify(portmap)}\n`);
  await waitUntil("the condition is gone", async () => !(await lost()));
  const served = await runtime.runPod({ name: "served", ports: [{ host: 30080, container: podPort }] });
  expect(await node.must(["busybox", "nc", "-w", "2", "127.0.0.1", "30080"])).toBe("served\n");
  await served.remove();
  expect(await daemon.stop()).toBe(0);
  await node.must([headcni, "conflist", "restore"]);
  expect(node.read("/etc/cni/net.d/10-flannel.conflist")).toBe(flannel);
  expect(node.read("/etc/cni/net.d/05-broken.conf")).toBe("{");
});
