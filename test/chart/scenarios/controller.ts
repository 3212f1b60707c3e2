// The controller's Deployment, run on a node: it approves at a Headscale whose certificate is from a CA of its own.

import { expect } from "bun:test";
import { createAuthority } from "../../../src/sys/net/certificates.fixture.ts";
import { waitUntil } from "../../../src/sys/testing.ts";
import { checkout, type Node } from "../../harness/node.ts";
import { podOf } from "../chart-node.ts";
import { helmTemplate } from "../helm.ts";
import { runChartPod } from "../kubelet.ts";
import type { FakeHeadscaleWorld } from "../programs/fake-headscale.ts";

const dir = "/var/lib/headcni-test/headscale";

export async function controllerApproves(node: Node): Promise<void> {
  const authority = createAuthority();
  const nodes = [1, 2, 3].map((id) => ({
    id: String(id),
    name: `node-${id}`,
    tags: id === 3 ? [] : ["tag:k8s-node"],
    isOnline: true,
    available: [`10.244.${id}.0/24`],
    approved: [],
  }));
  const world: FakeHeadscaleWorld = { port: 8443, ...authority.issue("127.0.0.1"), apiKey: "k-1", nodes };
  node.write(`${dir}/world.json`, JSON.stringify(world));
  const headscale = await node.spawn([process.execPath, `${checkout}/test/chart/programs/fake-headscale.ts`, dir]);
  const rendered = await helmTemplate([
    "controller.enabled=true",
    "controller.apiKey.existingSecret=headscale",
    "controller.ca.existingConfigMap=headscale-ca",
    "config.network.podCIDR.base=10.244.0.0/16",
    "config.tailscale.nodeTags=tag:k8s-node",
    "config.headscale.url=https://127.0.0.1:8443",
  ]);
  const pod = podOf(rendered, "Deployment", "headcni-controller");
  const controller = await runChartPod(node, {
    ...pod,
    configMaps: { ...pod.configMaps, "headscale-ca": { "ca.crt": authority.certPem } },
    secrets: { headscale: { apikey: "k-1\n" } },
  });
  const approved = (): string => (node.exists(`${dir}/approved.json`) ? node.read(`${dir}/approved.json`) : "");
  await waitUntil(
    "the controller approves",
    () => approved() === '{"node-1":["10.244.1.0/24"],"node-2":["10.244.2.0/24"],"node-3":[]}',
    20_000,
  ).catch((error: Error) => {
    throw new Error(`${error.message}: ${approved()} ${controller.log("headcni-controller")}`);
  });
  // Where the chart's probes ask; the third node has no tag, which is said.
  const asked = await controller.exec(["headcni", "status", "--address", "127.0.0.1:9466", "-o", "json"]);
  expect([asked.exitCode, asked.stderr]).toEqual([0, ""]);
  expect(asked.stdout).toContain('"ApprovalWithoutTag"');
  // As an operator asks in its pod, without a flag.
  const listed = await controller.exec(["headcni", "headscale", "approve", "-o", "json"]);
  expect([listed.exitCode, listed.stderr]).toEqual([1, ""]);
  expect(listed.stdout).toContain("node-3");
  expect(controller.log("headcni-controller")).not.toContain("k-1");
  await controller.remove();
  expect(await headscale.stop()).toBe(143);
}
