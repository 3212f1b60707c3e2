// `helm test`: the Job runs on a node of a tailnet, makes a pod there as the node's runtime does, and reaches the other node, where the
// DaemonSet's pod answers.

import { expect } from "bun:test";
import type { Node } from "../../harness/node.ts";
import { allPairs, createCluster } from "../../tailnet/cluster.ts";
import { tailnets } from "../../tailnet/tailnets.ts";
import { podOf, startChartRuntime } from "../chart-node.ts";
import { helmTemplate } from "../helm.ts";
import { type ChartPodOptions, runChartPod } from "../kubelet.ts";
import { objectsOf } from "../volumes.ts";

export async function helmTestReachesTheOtherNode(): Promise<void> {
  const [lab] = tailnets;
  if (lab === undefined) throw new Error("There is no tailnet");
  await using cluster = await createCluster(lab, { nodes: 2 });
  const [one, two] = cluster.members.map(({ node }) => node);
  if (one === undefined || two === undefined) throw new Error("No members");
  await allPairs(cluster.members);
  await using _one = await startChartRuntime(one);
  await using _two = await startChartRuntime(two);
  const before = [await traces(one), await traces(two)];
  const rendered = await helmTemplate(["config.network.podCIDR.base=10.244.0.0/16"]);

  // The Job is there first, as where a node has yet to fetch the image.
  const job = await runChartPod(one, podOf(rendered, "Job", "headcni-test-connectivity"));
  const responder = await runChartPod(two, working(podOf(rendered, "DaemonSet", "headcni-test-responder")));
  const exitCode = await job.ended(150_000);
  // Each line of a container's log begins with its time.
  const said = job.log("connectivity").replaceAll(/^\S+ stdout F /gm, "");
  const answered = responder.log("responder");
  expect([exitCode, said, answered]).toEqual([0, expect.stringContaining("Nothing failed"), expect.any(String)]);
  const [, row = ""] = /^NODE.*\n(.*)$/m.exec(said) ?? [];
  const [node, gateway, , ...columns] = row.split(/ {2,}/);
  // Reached, tailnet address, source, back, MTU, transfer.
  expect([node, gateway, ...columns.slice(0, 6)]).toEqual(["node-2", "10.244.2.1", ...Array(6).fill("ok")]);
  expect(said).not.toContain("not tested");
  await job.remove();

  // Helm deletes the DaemonSet: what answered is gone with its pod.
  await responder.remove();
  expect([await traces(one), await traces(two)]).toEqual(before);
}

/** What works on a node is an init container, so that none begins anew by itself: here it is the one that is waited for. */
function working({ spec, ...pod }: ChartPodOptions): ChartPodOptions {
  const [first] = objectsOf(spec.initContainers);
  return { ...pod, spec: { ...spec, initContainers: [], containers: first === undefined ? [] : [first] } };
}

async function traces(node: Node): Promise<string> {
  const dirs = "ls /var/lib/cni/networks/headcni; ip -br link show master headcni0; ip netns list";
  const found = await node.must(["sh", "-c", dirs]);
  return found.replace(/^last_reserved.*\n/gm, "");
}
