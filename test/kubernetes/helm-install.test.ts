// The chart on a real cluster of two nodes: the commands of the documentation, from nothing to nothing.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { realClock } from "../../src/sys/clock.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { subnetOf } from "../daemon/daemon.ts";
import { conflistPath } from "../harness/headcni.ts";
import { clusterPrograms } from "../harness/kubernetes/programs.ts";
import { checkout } from "../harness/node.ts";
import { tailnets } from "../tailnet/tailnets.ts";
import { createKubernetesCluster, type KubernetesCluster, patienceMs, podCIDROf, untilReadiness } from "./cluster.ts";
import { changesSince, type NodeState, stateOf } from "./node-state.ts";
import { createOperator, importImage, joinNodes, type Operator } from "./operator.ts";
import { wantedPrograms } from "./programs-found.ts";
import { harmed, startTraffic, streamPort } from "./traffic.ts";
import { allReach, asks, conceal, deploy, expose, remove } from "./workloads.ts";

const clusters = wantedPrograms(clusterPrograms).flatMap((programs) =>
  tailnets.slice(-1).map((kind) => ({ kind, programs, name: kind.name })),
);
const limitMs = 400_000;
const replicas = 4;

/** The commands of the table "Looking at it", each as it stands there. */
const table = /\n## Looking at it\n(.*?)\n## /s.exec(readFileSync(`${checkout}/docs/kubernetes.md`, "utf8"))?.[1] ?? "";
const commands = [...table.matchAll(/^\| `((?:[^`\\]|\\.)+)`/gm)].map(([, command = ""]) =>
  command.replaceAll("\\|", "|"),
);

function command(part: string): string {
  const found = commands.find((each) => each.includes(part));
  if (found === undefined) throw new Error(`docs/kubernetes.md has no command with ${part}`);
  return found;
}

describe.each(clusters)("helm install on two nodes, over the $name tailnet,", ({ kind, programs }) => {
  let cluster: KubernetesCluster;
  let operator: Operator;
  let service: string;
  let before: readonly NodeState[];
  beforeAll(async () => {
    cluster = await createKubernetesCluster(kind, programs, { isHostService: false });
    await importImage(cluster);
    await joinNodes(cluster);
    operator = await createOperator(cluster, programs);
    before = await Promise.all(cluster.nodes.map(({ node }) => stateOf(node)));
  }, limitMs);
  afterAll(() => cluster?.[Symbol.asyncDispose](), limitMs);

  test("refuses one range for both, and says how each gets its own", async () => {
    const scalar = 'helm install headcni ./headcni/chart --set config.network.podCIDR.nodeLocal="10.244.1.0/24"';
    const { exitCode, stderr } = await operator.run(scalar);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("--set config.network.podCIDR.nodeLocal.w1=10.244.1.0/24");
  });

  test(
    "makes both nodes ready without a value, and pods and a Service of both reach each other",
    async () => {
      const startMs = realClock.monotonicMs();
      await operator.must("helm install headcni ./headcni/chart");
      await untilReadiness(cluster, "True", startMs);
      for (const { name, node } of cluster.nodes) expect(subnetOf(node)).toBe(await podCIDROf(cluster.plane, name));
      await deploy(cluster.plane, "who", replicas);
      service = await expose(cluster.plane, "who", [streamPort]);
      const pods = await allReach(cluster, "who", replicas);
      expect(new Set(pods.map(({ node }) => node)).size).toBe(2);
      const [first] = pods;
      if (first === undefined) throw new Error("No pods");
      const answers = new Set<string>();
      await waitUntil(
        "every pod has answered for the Service",
        async () => {
          const answer = await asks(cluster, first, service, 80);
          if (answer !== "") answers.add(answer);
          return answers.size === replicas;
        },
        patienceMs,
      );
      // Each has seen the address of the one that asked, on either node; but for itself: what comes back to its sender, kube-proxy masquerades.
      const others = [...answers].filter((answer) => !answer.startsWith(`${first.name} `));
      expect(others).toHaveLength(replicas - 1);
      for (const answer of others) expect(answer).toContain(first.address);
    },
    limitMs,
  );

  test(
    "shows what the documentation says with each of its commands",
    async () => {
      const [, worker] = cluster.nodes;
      expect(await operator.must(command("kubectl logs -n kube-system daemonset/headcni-daemon"))).toContain(
        "Node object w",
      );
      const conflist = await worker.node.must(["sh", "-c", command("cat /etc/cni/net.d/10-headcni.conflist")]);
      expect(JSON.parse(conflist).plugins[0].ipam.subnet).toBe(await podCIDROf(cluster.plane, worker.name));
      const kubelet = await worker.node.run(["sh", "-c", command("/var/lib/kubelet/config.yaml")]);
      expect([kubelet.exitCode, kubelet.stdout, kubelet.stderr]).toEqual([1, "", ""]);
      expect(await operator.must(command("headcni podcidr"))).toMatch(/^PodCIDR +10\.244\.[01]\.0\/24$/m);
      expect(await operator.must(command("headcni status"))).toMatch(/^ready +yes$/m);
      expect(await operator.must(command("headcni doctor"))).toContain("0 failed");
      expect(await operator.must(command("helm test headcni"))).toContain("Succeeded");
    },
    limitMs,
  );

  test(
    "loses no connection of a pod over an upgrade and a rollback",
    async () => {
      const pods = await allReach(cluster, "who", replicas);
      const traffic = await startTraffic(cluster, pods, `${service}:${streamPort}`);
      await operator.must("helm upgrade headcni ./headcni/chart --set podAnnotations.round=two --wait --timeout 3m");
      await operator.must("helm rollback headcni --wait --timeout 3m");
      const report = await traffic.stop();
      expect(harmed(report)).toEqual([]);
      expect(report.pings.lost).toBeLessThan(report.pings.sent / 100);
      expect(await allReach(cluster, "who", replicas)).toEqual(pods);
    },
    limitMs,
  );

  test(
    "leaves both nodes as they were after helm uninstall",
    async () => {
      await remove(cluster.plane, "who");
      await conceal(cluster.plane, "who");
      await operator.must("helm uninstall headcni --timeout 3m");
      for (const [at, { node }] of cluster.nodes.entries()) {
        expect(node.exists(conflistPath)).toBe(false);
        expect(await changesSince(before[at] ?? new Map(), node)).toEqual([]);
      }
      const names = "kubectl get all,configmap,serviceaccount,role,rolebinding -n kube-system -o name";
      await waitUntil(
        "the cluster has nothing of the chart",
        async () => !/headcni/.test(await operator.must(names)),
        patienceMs,
      );
    },
    limitMs,
  );
});
