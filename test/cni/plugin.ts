// Calls of CNI plugins as a runtime makes them, inside a node: one process a call, parameters in the environment, the network config
// on standard input. And lists of plugins, run by the rules of the specification's section 3.

import * as fs from "node:fs";
import { join } from "../../src/sys/fs/path.ts";
import { isJsonObject, type JsonObject } from "../../src/sys/json.ts";
import type { ExecResult } from "../../src/sys/process/exec.ts";
import { headcni } from "../harness/headcni.ts";
import { createNode, type Node } from "../harness/node.ts";

/** Where a node has its plugins. */
export const binDir = "/opt/cni/bin";
/** The network's name in all these tests. */
export const network = "headcni";

export interface CniCall {
  /** Name of a program in `binDir`. @default "headcni" */
  readonly plugin?: string;
  readonly command: string;
  readonly containerId?: string;
  readonly ifname?: string;
  /** Path of the namespace. @default that of `addNetns(node, containerId)` */
  readonly netns?: string;
  readonly config: JsonObject | string;
  /** Added to the call's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface CniAnswer {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Standard output as the one object it must be; undefined when it is empty. */
  readonly json: JsonObject | undefined;
}

/** A folder with other builds of the upstream plugins, to try ours over those: `HEADCNI_TEST_PLUGINS=… bun test ./test/cni`. */
const otherPlugins = process.env.HEADCNI_TEST_PLUGINS;

/** A node with our plugin among the others. */
export async function createPluginNode(): Promise<Node> {
  const node = await createNode();
  for (const name of otherPlugins === undefined ? [] : fs.readdirSync(otherPlugins)) {
    fs.rmSync(node.path(`${binDir}/${name}`), { force: true });
    fs.copyFileSync(join(otherPlugins ?? "", name), node.path(`${binDir}/${name}`));
  }
  fs.symlinkSync(headcni, node.path(`${binDir}/headcni`));
  return node;
}

export function netnsPath(name: string): string {
  return `/run/netns/${name}`;
}

export async function addNetns(node: Node, ...names: readonly string[]): Promise<void> {
  for (const name of names) await node.must(["ip", "netns", "add", name]);
}

export async function deleteNetns(node: Node, ...names: readonly string[]): Promise<void> {
  for (const name of names) await node.must(["ip", "netns", "del", name]);
}

/** One call. @throws Error when it prints anything but one JSON object, whatever its exit code */
export async function callCni(node: Node, call: CniCall): Promise<CniAnswer> {
  const { plugin = "headcni", config } = call;
  const stdin = typeof config === "string" ? config : JSON.stringify(config);
  const result = await node.run([`${binDir}/${plugin}`], { stdin, env: cniEnv(call), timeoutMs: 60_000 });
  return readAnswer(result);
}

/** As `callCni`, giving the object printed. @throws Error with what was printed when the call fails */
export async function mustCni(node: Node, call: CniCall): Promise<JsonObject> {
  const { exitCode, stdout, stderr, json } = await callCni(node, call);
  if (exitCode !== 0)
    throw new Error(`${call.command} of ${call.containerId} ended with ${exitCode}: ${stdout}${stderr}`);
  return json ?? {};
}

export function cniEnv({ command, containerId = "c1", ifname = "eth0", netns, env }: CniCall): Record<string, string> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerId,
    CNI_NETNS: netns ?? netnsPath(containerId),
    CNI_IFNAME: ifname,
    CNI_PATH: binDir,
    ...env,
  };
}

function readAnswer({ exitCode, stdout, stderr }: ExecResult): CniAnswer {
  if (stdout === "") return { exitCode, stdout, stderr, json: undefined };
  const json: unknown = JSON.parse(stdout);
  if (!isJsonObject(json)) throw new Error(`Not an object: ${stdout}`);
  return { exitCode, stdout, stderr, json };
}

/** The bridge of the default conflist, as a delegate or by itself. */
export function bridgeConfig(subnet = "10.9.0.0/24"): JsonObject {
  return {
    type: "bridge",
    bridge: "headcni0",
    ipMasq: false,
    isGateway: true,
    hairpinMode: true,
    mtu: 1280,
    ipam: { type: "host-local", subnet, routes: [{ dst: "0.0.0.0/0" }] },
  };
}

/** Our plugin's config with that delegate. */
export function headcniConfig(
  cniVersion: string,
  delegate: JsonObject = bridgeConfig(),
  more: JsonObject = {},
): JsonObject {
  return { cniVersion, name: network, type: "headcni", delegate, ...more };
}

/** The first address of a result, without its length. */
export function addressOf(result: JsonObject): string {
  const [first] = Array.isArray(result.ips) ? result.ips : [];
  const address: unknown = first?.address;
  if (typeof address !== "string") throw new Error(`No address: ${JSON.stringify(result)}`);
  return address.slice(0, address.indexOf("/"));
}
