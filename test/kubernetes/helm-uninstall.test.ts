// `helm uninstall` on a real cluster where it is not as simple as it could be: a node that had another CNI, pods that still need theirs,
// a node out of reach, one node alone, tailscaled as a DaemonSet. Each time the nodes are compared as a whole with what they were.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { realClock } from "../../src/sys/clock.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { subnetOf } from "../daemon/daemon.ts";
import { importArchive } from "../harness/containerd.ts";
import { conflistPath } from "../harness/headcni.ts";
import { archiveOf } from "../harness/image.ts";
import { clusterPrograms } from "../harness/kubernetes/programs.ts";
import { findTailnetPrograms } from "../harness/tailnet/programs.ts";
import { localApi } from "../harness/tailnet/tailscaled.ts";
import { tailnets } from "../tailnet/tailnets.ts";
import {
  createKubernetesCluster,
  type KubernetesCluster,
  patienceMs,
  podCIDROf,
  readiness,
  untilReadiness,
} from "./cluster.ts";
import { changesSince, type NodeState, stateOf } from "./node-state.ts";
import { createOperator, importImage, joinNodes, type Operator } from "./operator.ts";
import { wantedPrograms } from "./programs-found.ts";
import { allReach, deploy, remove, runningPods } from "./workloads.ts";

const clusters = wantedPrograms(clusterPrograms).flatMap((programs) =>
  tailnets.slice(-1).map((kind) => ({ kind, programs, name: kind.name })),
);
const limitMs = 400_000;
const install = "helm install headcni ./headcni/chart";
const uninstall = "helm uninstall headcni --timeout 3m";
const sayLeft = "kubectl logs -n kube-system job/headcni-uninstall";

const podNames = "kubectl get daemonset,pod -n kube-system -o name";

/** What the first node has before HeadCNI comes. */
const otherPath = "/etc/cni/net.d/20-other.conflist";
const otherConflist = `{"cniVersion": "1.0.0", "name": "other", "plugins": [
  {"type": "bridge", "bridge": "other0", "isGateway": true, "ipMasq": true,
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.99.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]}}
]}
`;
const tailscaledImage = "localhost/headcni/tailscaled:test";

describe.each(clusters)("helm uninstall, over the $name tailnet,", ({ kind, programs }) => {
  let cluster: KubernetesCluster;
  let operator: Operator;
  let before: readonly NodeState[];
  const asBefore = async (): Promise<void> => {
    const [one, two] = cluster.nodes;
    expect(await changesSince(before[0] ?? new Map(), one.node)).toEqual([]);
    expect(await changesSince(before[1] ?? new Map(), two.node)).toEqual([]);
    expect(one.node.read(otherPath)).toBe(otherConflist);
  };
  const installAndRemove = async (): Promise<void> => {
    await operator.must(install);
    await untilReadiness(cluster, "True");
    await operator.must(uninstall);
    await asBefore();
  };
  /** The pod that was there before answers its node. */
  const othersPodAnswers = async (): Promise<boolean> => {
    const [one] = cluster.nodes;
    const [pod] = await runningPods(cluster.plane, "other", 1);
    const argv = ["busybox", "ping", "-c1", "-W2", pod?.address ?? ""];
    return pod?.address.startsWith("10.99.0.") === true && (await one.node.run(argv)).exitCode === 0;
  };
  beforeAll(async () => {
    cluster = await createKubernetesCluster(kind, programs, { isHostService: false });
    const [one, two] = cluster.nodes;
    one.node.write(otherPath, otherConflist);
    // As on a cluster whose packages bring no plugins.
    await two.node.must(["sh", "-c", "rm /opt/cni/bin/*"]);
    await importImage(cluster);
    await joinNodes(cluster);
    operator = await createOperator(cluster, programs);
    await deploy(cluster.plane, "other", 1, one.name);
    await waitUntil("the other CNI's pod answers", othersPodAnswers, patienceMs);
    before = await Promise.all(cluster.nodes.map(({ node }) => stateOf(node)));
  }, limitMs);
  afterAll(() => cluster?.[Symbol.asyncDispose](), limitMs);

  test(
    "gives a node its other CNI back, keeps what pods need on one that has none, and says so",
    async () => {
      const [one, two] = cluster.nodes;
      await operator.must(install);
      await untilReadiness(cluster, "True");
      expect(await othersPodAnswers()).toBe(true);
      await deploy(cluster.plane, "who", 1, two.name);
      await allReach(cluster, "who", 1);
      const { exitCode, stdout, stderr } = await operator.run(uninstall);
      expect({ exitCode, said: stdout + stderr }).toMatchObject({ exitCode: 1, said: expect.stringContaining("w2: ") });
      expect(await operator.must(sayLeft)).toMatch(
        /HeadCNI is gone from 1 node\nw2: .*by which 1 pod of this node is taken down: no other CNI/s,
      );
      expect(await changesSince(before[0] ?? new Map(), one.node)).toEqual([]);
      expect(await othersPodAnswers()).toBe(true);
      expect(two.node.exists(conflistPath)).toBe(true);
      expect((await readiness(cluster.plane, two.name)).status).toBe("True");
      // The pod ends as pods do: its node still has the CNI that takes it down.
      await remove(cluster.plane, "who");
    },
    limitMs,
  );

  test("leaves both nodes as they were once the pods are gone and it is done again", () => installAndRemove(), limitMs);

  test(
    "names a node out of reach and does not wait for it, and cleans it once it is done again",
    async () => {
      const [one, two] = cluster.nodes;
      await operator.must(`${install} --set uninstall.timeoutSeconds=20`);
      await untilReadiness(cluster, "True");
      await two.kubelet.stop(20_000);
      await waitUntil(
        "the node is out of reach",
        async () => (await readiness(cluster.plane, two.name)).status === "Unknown",
        patienceMs,
      );
      const startMs = realClock.monotonicMs();
      const { exitCode } = await operator.run(uninstall);
      const tookMs = Math.round(realClock.monotonicMs() - startMs);
      console.log(`    ends after ${tookMs} ms with a node out of reach`);
      expect(exitCode).toBe(1);
      expect(await operator.must(sayLeft)).toContain("w2 is not done: ");
      expect(await changesSince(before[0] ?? new Map(), one.node)).toEqual([]);
      await two.startKubelet();
      await waitUntil(
        "the daemon's pod has ended",
        async () => !/headcni-daemon/.test(await operator.must(podNames)),
        patienceMs,
      );
      await installAndRemove();
    },
    limitMs,
  );

  test(
    "takes one range for the node of a cluster that has one, or that is said to have one",
    async () => {
      const scalar = 'config.network.podCIDR.nodeLocal="10.244.1.0/24"';
      const [one, two] = cluster.nodes;
      await two.kubelet.stop(20_000);
      await operator.must("kubectl delete node w2");
      await operator.must(`${install} --set ${scalar}`);
      await waitUntil(
        "its range is in force",
        () => one.node.exists(conflistPath) && subnetOf(one.node) === "10.244.1.0/24",
        patienceMs,
      );
      await deploy(cluster.plane, "who", 2, one.name);
      await allReach(cluster, "who", 2);
      await remove(cluster.plane, "who");
      await operator.must(uninstall);
      await two.startKubelet();
      await waitUntil("the node is back", async () => (await readiness(cluster.plane, "w2")).status !== "", patienceMs);
      const refused = await operator.run(`${install} --set ${scalar}`);
      expect(refused.stderr).toContain("this cluster has 2 nodes");
      await operator.must(`${install} --set singleNode=true --set ${scalar}`);
      const status = "kubectl exec -n kube-system daemonset/headcni-daemon -- headcni status";
      await waitUntil(
        "a daemon says that the range is another node's too",
        async () => /PodCIDRServedElsewhere|AssignedPodCIDRContested/.test((await operator.run(status)).stdout),
        patienceMs,
      );
      await operator.must(uninstall);
      await asBefore();
    },
    limitMs,
  );

  const tailnetPrograms = findTailnetPrograms();
  if (kind.name !== "real" || typeof tailnetPrograms === "string") return;
  test(
    "withdraws routes before it takes tailscaled's DaemonSet away",
    async () => {
      const env = [
        "PATH=/bin",
        "TS_NO_LOGS_NO_SUPPORT=true",
        "TS_DEBUG_USE_DERP_HTTP=true",
        "TS_DISABLE_PORTMAPPER=true",
      ];
      const entry = { name: "bin/tailscaled", data: readFileSync(tailnetPrograms.tailscaled), mode: 0o755 };
      const archive = archiveOf(tailscaledImage, [{ name: "bin/" }, entry], { Env: env });
      const path = "/var/lib/headcni-test/tailscaled-image.tar";
      for (const { node, tailscaled } of cluster.nodes) {
        node.write(path, archive);
        await importArchive(node, path);
        await tailscaled.stop();
        await cluster.tailnet.remove(node);
        // Nobody has logged this node in.
        await node.must(["sh", "-c", "rm -rf /var/lib/tailscale /run/tailscale"]);
      }
      cluster.plane.node.write("/srv/key.txt", await cluster.tailnet.authKey());
      await operator.must("kubectl create secret generic -n kube-system headcni-tailscale --from-file=authkey=key.txt");
      const sets = [
        `config.tailscale.login.server=${cluster.tailnet.controlURL}`,
        "tailscaled.enabled=true",
        "tailscaled.image.repository=localhost/headcni/tailscaled",
        "tailscaled.image.tag=test",
        // The image has no iptables, so it writes to nftables what the bridge plugin's iptables does not know.
        "config.network.masquerade=daemon",
      ];
      await operator.must(
        `${install} -f ./headcni/chart/examples/headscale.yaml ${sets.map((set) => `--set ${set}`).join(" ")}`,
      );
      await untilReadiness(cluster, "True");
      await deploy(cluster.plane, "who", 2);
      await allReach(cluster, "who", 2);
      const { headscale } = cluster.tailnet;
      for (const { name, node } of cluster.nodes) {
        expect((await headscale.routes(node)).available).toEqual([await podCIDROf(cluster.plane, name)]);
      }
      await remove(cluster.plane, "who");
      await operator.must(uninstall);
      await waitUntil(
        "its DaemonSet is gone",
        async () => !/tailscaled/.test(await operator.must(podNames)),
        patienceMs,
      );
      for (const { node, tailscaled } of cluster.nodes) {
        // Heard of while it still ran; its own memory says so too.
        expect((await headscale.routes(node)).available).toEqual([]);
        await tailscaled.start();
        const prefs = JSON.parse(await localApi(node, "/localapi/v0/prefs"));
        expect([prefs.AdvertiseRoutes ?? [], prefs.RouteAll]).toEqual([[], false]);
        expect(node.exists("/var/lib/headcni")).toBe(false);
      }
    },
    limitMs,
  );
});
