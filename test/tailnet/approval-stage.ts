// Three nodes whose PodCIDRs wait for somebody to approve them, with routes beside that are none of ours, and what happens to them: the
// stage of the approval scenarios.

import { expect } from "bun:test";
import { realClock } from "../../src/sys/clock.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { bootDaemon, get, waitForOutput } from "../daemon/daemon.ts";
import { headcni } from "../harness/headcni.ts";
import type { Node, NodeProcess } from "../harness/node.ts";
import { nodeTag } from "../harness/tailnet/headscale.ts";
import { patchPrefs } from "../harness/tailnet/tailscaled.ts";
import { clusterCIDRs, type HeadscaleSettings, joinCluster, patienceMs, writeConfig } from "./cluster.ts";
import type { TailnetKind, TestTailnet } from "./tailnets.ts";

/** Routes of two nodes that an operator has approved by hand: a network at home, an exit node. */
const foreign = [["192.168.77.0/24", "0.0.0.0/0", "::/0"], ["192.168.78.0/24"], []] as const;
const apiKeyFile = "/etc/headcni/headscale-key";
const controllerFile = "/etc/headcni/controller.yaml";
const controllerPort = 9466;

export interface WaitingNode {
  readonly node: Node;
  readonly foreign: readonly string[];
  /** The last that it was given. */
  podCIDR: string;
}

export interface ApprovalStage extends AsyncDisposable {
  readonly kind: TailnetKind;
  readonly tailnet: TestTailnet;
  readonly nodes: readonly [WaitingNode, WaitingNode, WaitingNode];
}

/** The policy approves nothing, and the nodes have no key. */
export async function createApprovalStage(kind: TailnetKind): Promise<ApprovalStage> {
  const tailnet = await kind.create({ approves: [] });
  const join = async (number: number): Promise<WaitingNode> => {
    const podCIDR = `10.244.${number}.0/24`;
    const { node } = await joinCluster(tailnet, { name: `node-${number}`, settings: { podCIDRs: [podCIDR] } });
    return { node, podCIDR, foreign: foreign[number - 1] ?? [] };
  };
  const nodes: ApprovalStage["nodes"] = [await join(1), await join(2), await join(3)];
  await Promise.all(nodes.map(({ node }) => bootDaemon(node)));
  for (const one of nodes) {
    await offers(tailnet, one);
    await patchPrefs(one.node, { AdvertiseRoutes: [one.podCIDR, ...one.foreign] });
    if (one.foreign.length > 0) await tailnet.headscale.approve(one.node, one.foreign);
  }
  return {
    kind,
    tailnet,
    nodes,
    [Symbol.asyncDispose]: async () => {
      for (const { node } of nodes) await node[Symbol.asyncDispose]();
      await tailnet[Symbol.asyncDispose]();
    },
  };
}

export async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  await waitUntil(what, condition, patienceMs);
}

/** Waits until the control server knows what a node offers. */
export async function offers(
  { headscale }: Pick<TestTailnet, "headscale">,
  { node, podCIDR }: WaitingNode,
): Promise<void> {
  await until(`${podCIDR} of ${node.name} is offered`, async () =>
    (await headscale.routes(node)).available.includes(podCIDR),
  );
}

/** @returns seconds */
export async function isApproved({ headscale }: TestTailnet, { node, podCIDR }: WaitingNode): Promise<number> {
  const startMs = realClock.monotonicMs();
  await until(`${podCIDR} of ${node.name} is approved`, async () =>
    (await headscale.routes(node)).approved.includes(podCIDR),
  );
  return (realClock.monotonicMs() - startMs) / 1000;
}

/** @returns when a controller had seen in Headscale's list what it approved, by its log, milliseconds since the epoch */
export function approvedMs(log: string, podCIDR: string): number {
  const line = log.split("\n").find((each) => each.includes('"RouteApproved"') && each.includes(` ${podCIDR} `));
  return Date.parse(JSON.parse(line ?? "{}").time);
}

/** Gives a node another PodCIDR, as an operator does. */
export function renumber({ tailnet }: ApprovalStage, one: WaitingNode, number: number): void {
  one.podCIDR = `10.244.${number}.0/24`;
  writeConfig(one.node, tailnet, { podCIDRs: [one.podCIDR] });
}

/** What nobody of ours approved is there, as are the nodes' offers of it. */
export async function expectForeignRoutes({ tailnet, nodes }: ApprovalStage): Promise<void> {
  for (const { node, foreign: routes } of nodes) {
    const { available, approved } = await tailnet.headscale.routes(node);
    expect([node.name, approved]).toEqual([node.name, expect.arrayContaining([...routes])]);
    expect([node.name, available]).toEqual([node.name, expect.arrayContaining([...routes])]);
  }
}

/** Packets go from each node's pods to each other's. */
export async function expectPodsReached({ nodes }: ApprovalStage): Promise<void> {
  const gateway = ({ podCIDR }: WaitingNode): string => podCIDR.replace(".0/24", ".1");
  for (const from of nodes) {
    for (const to of nodes.filter((one) => one !== from)) {
      const ping = ["busybox", "ping", "-c1", "-W1", "-I", gateway(from), gateway(to)];
      await until(`${from.node.name} reaches ${to.podCIDR}`, async () => (await from.node.run(ping)).exitCode === 0);
    }
  }
}

/** Writes a new key into a node's file. @returns it */
export async function giveKey({ tailnet: { headscale } }: ApprovalStage, node: Node): Promise<string> {
  const key = await headscale.makeApiKey();
  node.write(apiKeyFile, `${key}\n`);
  await node.must(["chmod", "600", apiKeyFile]);
  return key;
}

/** The configuration of what approves, on a node that has a key. */
export async function approvalBy(
  { tailnet: { headscale } }: ApprovalStage,
  node: Node,
  approval: HeadscaleSettings["approval"],
): Promise<HeadscaleSettings> {
  return { approval, url: await headscale.reach(node), apiKeyFile };
}

/** Writes the controller's configuration. */
export function configureController(node: Node, headscale: HeadscaleSettings): void {
  const config = {
    network: { podCIDR: { base: clusterCIDRs } },
    tailscale: { nodeTags: nodeTag },
    headscale,
  };
  node.write(controllerFile, JSON.stringify(config));
}

/** Runs what a person would, with the controller's configuration. */
export async function headscaleCommand(node: Node, ...args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await node.run([headcni, "headscale", ...args, "--config", controllerFile]);
  return `${stdout}${stderr}`;
}

let started = 0;

export async function startController(node: Node): Promise<NodeProcess> {
  started += 1;
  const argv = [headcni, "controller", "--config", controllerFile, "--listen", `127.0.0.1:${controllerPort}`];
  const controller = await node.spawn(argv, { log: `/var/log/controller-${started}.log` });
  await waitForOutput(controller, "Status and metrics are served on");
  return controller;
}

/** What a controller says is wrong, and its metrics. */
export async function controllerSays(
  node: Node,
): Promise<{ readonly codes: readonly string[]; readonly metrics: string }> {
  const [status, metrics] = await Promise.all([
    get(node, "/status", { port: controllerPort }),
    get(node, "/metrics", { port: controllerPort }),
  ]);
  const { conditions }: { conditions: readonly { code: string }[] } = JSON.parse(status.body);
  return { codes: conditions.map(({ code }) => code), metrics: metrics.body };
}

/** Until it hears of offers from the tailscaled beside it, it polls. */
export async function hears(node: Node): Promise<void> {
  await until("the controller hears of offers", async () => {
    const { body } = await get(node, "/status", { port: controllerPort });
    return body.includes('"hearsOfChanges":true') || body.includes('"hearsOfChanges": true');
  });
}
