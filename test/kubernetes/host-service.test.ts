// HeadCNI as a service of two hosts of a real cluster: from nothing to pods that talk, and what happens to the nodes' programs after.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { realClock } from "../../src/sys/clock.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { conditionCodes, subnetOf } from "../daemon/daemon.ts";
import { clusterPrograms } from "../harness/kubernetes/programs.ts";
import { reboot } from "../harness/reboot.ts";
import { tailnets } from "../tailnet/tailnets.ts";
import {
  createKubernetesCluster,
  type KubernetesCluster,
  patienceMs,
  podCIDROf,
  startHeadcni,
  untilReadiness,
} from "./cluster.ts";
import { wantedPrograms } from "./programs-found.ts";
import { allReach, asks, deploy, expose } from "./workloads.ts";

/** The real tailnet where this machine has it. */
const clusters = wantedPrograms(clusterPrograms).flatMap((programs) =>
  tailnets.slice(-1).map((kind) => ({ kind, programs, name: kind.name })),
);
const limitMs = 400_000;

describe.each(clusters)("HeadCNI as a service of two hosts, over the $name tailnet,", ({ kind, programs }) => {
  let cluster: KubernetesCluster;
  beforeAll(async () => {
    cluster = await createKubernetesCluster(kind, programs);
  }, limitMs);
  afterAll(() => cluster?.[Symbol.asyncDispose](), limitMs);

  test(
    "makes both nodes ready, with the PodCIDRs of their Node objects",
    async () => {
      const { plane, nodes } = cluster;
      await untilReadiness(cluster, "False");
      const startMs = realClock.monotonicMs();
      await Promise.all(nodes.map(startHeadcni));
      await untilReadiness(cluster, "True", startMs);
      for (const { name, node } of nodes) expect(subnetOf(node)).toBe(await podCIDROf(plane, name));
    },
    limitMs,
  );

  test(
    "joins pods and a Service of both nodes, each seen with its own address",
    async () => {
      const { plane } = cluster;
      await deploy(plane, "who", 4);
      const address = await expose(plane, "who");
      const pods = await allReach(cluster, "who", 4);
      expect(new Set(pods.map(({ node }) => node)).size).toBe(2);
      const [first] = pods;
      if (first === undefined) throw new Error("No pods");
      const answers: string[] = [];
      for (let at = 0; at < 30; at++) answers.push(await asks(cluster, first, address, 80));
      // A busy machine is slow to answer now and then.
      const given = answers.filter((answer) => answer !== "");
      expect(given.length).toBeGreaterThan(27);
      const answered = new Set(given.map((answer) => answer.split(" ")[0]));
      expect([...answered].toSorted()).toEqual(pods.map(({ name }) => name).toSorted());
    },
    limitMs,
  );

  test(
    "leaves pods alone while kubelet, containerd and the daemon are restarted",
    async () => {
      const [, worker] = cluster.nodes;
      const before = await allReach(cluster, "who", 4);
      await worker.kubelet.stop(20_000);
      await worker.startKubelet();
      await worker.containerd.stop(20_000);
      await worker.startContainerd();
      worker.daemon?.kill("SIGKILL");
      await worker.daemon?.exited;
      await startHeadcni(worker);
      await untilReadiness(cluster, "True");
      expect(await allReach(cluster, "who", 4)).toEqual(before);
    },
    limitMs,
  );

  test(
    "needs no API server for a node that reboots",
    async () => {
      const { plane, nodes } = cluster;
      const [, worker] = nodes;
      const { node } = worker;
      const podCIDR = subnetOf(node);
      await plane.apiServer.stop(20_000);
      await worker.tailscaled.kill();
      await reboot(node);
      // What would show a PodCIDR besides: HeadCNI's own memory of it, and its conflist.
      await node.must(["rm", "-f", "/var/lib/headcni/node.json", "/etc/cni/net.d/10-headcni.conflist"]);
      await worker.tailscaled.start();
      await worker.startContainerd();
      await worker.startKubelet();
      await worker.startProxy();
      await startHeadcni(worker);
      expect(subnetOf(node)).toBe(podCIDR);
      await waitUntil(
        "it says that the API server is out of reach",
        async () => (await conditionCodes(node)).includes("APIServerUnreachable"),
        patienceMs,
      );
      await plane.startApiServer();
      await untilReadiness(cluster, "True");
      await allReach(cluster, "who", 4);
    },
    limitMs,
  );
});
