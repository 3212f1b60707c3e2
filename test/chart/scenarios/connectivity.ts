// `helm test`: the Job runs on a node of a tailnet, makes a pod there as the node's runtime does, and reaches the other node.

import { expect } from "bun:test";
import { allPairs, createCluster } from "../../tailnet/cluster.ts";
import { tailnets } from "../../tailnet/tailnets.ts";
import { podOf, startChartRuntime } from "../chart-node.ts";
import { helmTemplate } from "../helm.ts";
import { runChartPod } from "../kubelet.ts";

export async function helmTestReachesTheOtherNode(): Promise<void> {
  const [lab] = tailnets;
  if (lab === undefined) throw new Error("There is no tailnet");
  await using cluster = await createCluster(lab, { nodes: 2 });
  const [one] = cluster.members;
  if (one === undefined) throw new Error("No members");
  const { node } = one;
  await allPairs(cluster.members);
  await using _runtime = await startChartRuntime(node);
  const rendered = await helmTemplate(["config.network.podCIDR.base=10.244.0.0/16"]);
  const traces = async (): Promise<string> =>
    node.must(["sh", "-c", "ls /var/lib/cni/networks/headcni; ip -br link show master headcni0; ip netns list"]);
  const before = await traces();
  const job = await runChartPod(node, podOf(rendered, "Job", "headcni-test-connectivity"));
  const exitCode = await job.ended();
  const said = job.log("connectivity");
  expect([exitCode, said]).toEqual([0, expect.stringContaining("Nothing failed")]);
  expect(said).toContain("node-2");
  expect((await traces()).replace(/^last_reserved.*\n/gm, "")).toBe(before.replace(/^last_reserved.*\n/gm, ""));
  await job.remove();
}
