// What the daemon's boot tests share: a daemon in a node, what it said, and what it answers over HTTP.

import { defaultResyncMs } from "../../src/agent/reconciler.ts";
import type { StatusDocument } from "../../src/daemon/status.ts";
import { decodeStatus } from "../../src/daemon/status-schema.ts";
import { realClock } from "../../src/sys/clock.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { conflistPath, headcni, headcniDaemon } from "../harness/headcni.ts";
import { createNode, type Node, type NodeProcess } from "../harness/node.ts";

export const subnetEnv = "/run/flannel/subnet.env";
export const configFile = "/etc/headcni/config.yaml";

/** flannel's file: this node's CIDR and the cluster's. @param gateway as flannel writes it, e.g. `10.42.3.1/24` */
export function flannelFile(gateway: string): string {
  return `FLANNEL_NETWORK=10.42.0.0/16\nFLANNEL_SUBNET=${gateway}\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n`;
}

/** A node whose PodCIDR flannel's file says. */
export function flannelNode(files: Readonly<Record<string, string>> = {}): Promise<Node> {
  return createNode({ files: { [subnetEnv]: flannelFile("10.42.3.1/24"), ...files } });
}

export interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  /** How often it was held back before, of a line that repeats. */
  readonly repeated?: number;
  readonly [field: string]: unknown;
}

/** What a daemon logged, as data. */
export function logLines(output: string): LogLine[] {
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
}

let boots = 0;

/** Starts a daemon, each with a log of its own, and waits until that says where it serves. */
export async function bootDaemon(node: Node, args: readonly string[] = []): Promise<NodeProcess> {
  boots += 1;
  const daemon = await node.spawn([headcniDaemon, ...args], { log: `/var/log/daemon-${boots}.log` });
  await waitForOutput(daemon, "Status and metrics are served on");
  return daemon;
}

/** A program of 100 MB can take seconds to start on a machine that is busy; one that has failed instead says why. */
export async function waitForOutput(program: NodeProcess, text: string): Promise<void> {
  const said = () => program.output().includes(text);
  await waitUntil(`a program says ${JSON.stringify(text)}`, said, 20_000).catch((error: Error) => {
    throw new Error(`${error.message}; it said instead: ${program.output()}`);
  });
}

/** GET over the node's own loopback, without a client that the machine may lack. */
export async function get(
  node: Node,
  path: string,
  { port = 9465, method = "GET", host = "127.0.0.1" }: { port?: number; method?: string; host?: string } = {},
): Promise<{ status: number; headers: string; body: string }> {
  const request = `${method} ${path} HTTP/1.0\\r\\nHost: ${host}\\r\\n\\r\\n`;
  const script = `exec 3<>/dev/tcp/127.0.0.1/${port} && printf '${request}' >&3 && cat <&3`;
  const text = await node.must(["bash", "-c", script]);
  const [headers = "", ...body] = text.split("\r\n\r\n");
  return { status: Number(headers.split(" ")[1]), headers, body: body.join("\r\n\r\n") };
}

/** The document of /status, through the command a person would use. */
export async function statusOf(node: Node): Promise<StatusDocument> {
  const { stdout } = await node.run([headcni, "status", "-o", "json"]);
  const status = decodeStatus(JSON.parse(stdout));
  if (status === undefined) throw new Error(`This is no status: ${stdout}`);
  return status;
}

/** How often an agent has made its resource right. */
export async function reconcilesOf(node: Node, agent: string): Promise<number> {
  return (await statusOf(node)).agents[agent]?.lastReconcile?.count ?? 0;
}

export async function conditionCodes(node: Node): Promise<string[]> {
  return (await statusOf(node)).conditions.map(({ code }) => code);
}

export function subnetOf(node: Node): string {
  return JSON.parse(node.read(conflistPath)).plugins[0].ipam.subnet;
}

/**
 * Waits for what a daemon does because it hears of a change: half as long as it would be until it looks anyhow. Prints how long it
 * took.
 */
export async function timed(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const startMs = realClock.monotonicMs();
  await waitUntil(what, condition, defaultResyncMs / 2);
  console.log(`    ${what}: ${Math.round(realClock.monotonicMs() - startMs)} ms`);
}
