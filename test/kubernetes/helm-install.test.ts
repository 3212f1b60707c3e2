// The chart on a real cluster of two nodes: the commands of the documentation, from nothing to nothing.

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import * as fs from "node:fs";
import { realClock } from "../../src/sys/clock.ts";
import type { ExecResult } from "../../src/sys/process/exec.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { chart, helmProgram } from "../chart/helm.ts";
import { subnetOf } from "../daemon/daemon.ts";
import { conflistPath } from "../harness/headcni.ts";
import { adminConfig } from "../harness/kubernetes/control-plane.ts";
import { clusterPrograms, installProgram } from "../harness/kubernetes/programs.ts";
import { checkout } from "../harness/node.ts";
import { joinTailnet } from "../harness/tailnet/join.ts";
import { tailnets } from "../tailnet/tailnets.ts";
import { createKubernetesCluster, type KubernetesCluster, patienceMs, podCIDROf, untilReadiness } from "./cluster.ts";
import { wantedPrograms } from "./programs-found.ts";
import { allReach, deploy, remove } from "./workloads.ts";

const clusters = wantedPrograms(clusterPrograms).flatMap((programs) =>
  tailnets.slice(-1).map((kind) => ({ kind, programs, name: kind.name })),
);
const limitMs = 400_000;
const archive = "/var/lib/headcni-test/headcni-image.tar";

/** The image on each node, as on a cluster without a registry, and each node on the tailnet. */
async function prepare({ nodes, tailnet }: KubernetesCluster): Promise<void> {
  for (const { node } of nodes) {
    node.write(archive, fs.readFileSync(`${checkout}/dist/headcni-image.tar`));
    await node.must(["ctr", "-n", "k8s.io", "images", "import", archive], { timeoutMs: 120_000 });
    await joinTailnet(node, { headscale: { url: tailnet.controlURL, authKey: () => tailnet.authKey() } });
  }
}

describe.each(clusters)("helm install on two nodes, over the $name tailnet,", ({ kind, programs }) => {
  let cluster: KubernetesCluster;
  const helm = (...args: readonly string[]): Promise<ExecResult> => {
    const { node } = cluster.plane;
    const path = installProgram(node, new Map([["helm", helmProgram()]]), "helm");
    return node.run([path, ...args], { env: { KUBECONFIG: adminConfig, HOME: "/tmp" }, timeoutMs: 240_000 });
  };
  const must = async (...args: readonly string[]): Promise<string> => {
    const { exitCode, stdout, stderr } = await helm(...args);
    if (exitCode !== 0) throw new Error(`helm ${args.join(" ")} ended with ${exitCode}: ${stderr}`);
    return stdout;
  };
  const kubectl = (...args: readonly string[]): Promise<string> => {
    const { node } = cluster.plane;
    return node.must([installProgram(node, programs, "kubectl"), `--kubeconfig=${adminConfig}`, ...args]);
  };
  beforeAll(async () => {
    cluster = await createKubernetesCluster(kind, programs, { isHostService: false });
    await prepare(cluster);
  }, limitMs);
  afterAll(() => cluster?.[Symbol.asyncDispose](), limitMs);

  test("refuses one range for both, and says how each gets its own", async () => {
    const scalar = "config.network.podCIDR.nodeLocal=10.244.1.0/24";
    const { exitCode, stderr } = await helm("install", "headcni", chart, "--set", scalar);
    expect(exitCode).not.toBe(0);
    expect(stderr).toContain("--set config.network.podCIDR.nodeLocal.w1=10.244.1.0/24");
  });

  test(
    "makes both nodes ready without a value, and their pods talk",
    async () => {
      const startMs = realClock.monotonicMs();
      await must("install", "headcni", chart);
      await untilReadiness(cluster, "True", startMs);
      for (const { name, node } of cluster.nodes) expect(subnetOf(node)).toBe(await podCIDROf(cluster.plane, name));
      await deploy(cluster.plane, "who", 4);
      await allReach(cluster, "who", 4);
      expect(await kubectl("logs", "-n", "kube-system", "daemonset/headcni-daemon")).toContain("Node object w");
    },
    limitMs,
  );

  test(
    "leaves pods alone over an upgrade and a rollback",
    async () => {
      const before = await allReach(cluster, "who", 4);
      await must("upgrade", "headcni", chart, "--set", "podAnnotations.round=two", "--wait", "--timeout=3m");
      expect(await allReach(cluster, "who", 4)).toEqual(before);
      await must("rollback", "headcni", "1", "--wait", "--timeout=3m");
      expect(await allReach(cluster, "who", 4)).toEqual(before);
    },
    limitMs,
  );

  test(
    "leaves nothing after helm uninstall",
    async () => {
      await remove(cluster.plane, "who");
      await must("uninstall", "headcni", "--timeout=3m");
      for (const { node } of cluster.nodes) {
        expect([conflistPath, "/var/lib/headcni", "/run/headcni"].filter((path) => node.exists(path))).toEqual([]);
        expect(await node.must(["ip", "-brief", "link"])).not.toContain("headcni0");
      }
      await waitUntil(
        "the cluster has nothing of the chart",
        async () =>
          !/headcni/.test(await kubectl("get", "all,configmap,serviceaccount", "-n", "kube-system", "-o", "name")),
        patienceMs,
      );
    },
    limitMs,
  );
});
