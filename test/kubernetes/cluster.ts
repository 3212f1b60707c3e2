// A cluster of two nodes from nothing: a tailnet, a control plane on the first node, kubelets, and, where a test wants it, HeadCNI as a service of each host.

import { realClock } from "../../src/sys/clock.ts";
import { waitUntil } from "../../src/sys/testing.ts";
import { bootDaemon, configFile } from "../daemon/daemon.ts";
import {
  type ControlPlane,
  nodeUser,
  startControllers,
  startControlPlane,
} from "../harness/kubernetes/control-plane.ts";
import { kubeletConfig, proxyUser, startWorker, type Worker } from "../harness/kubernetes/worker.ts";
import { createNode, type Node, type NodeProcess } from "../harness/node.ts";
import { createWan, type Wan } from "../harness/tailnet/wan.ts";
import type { TailnetKind, Tailscaled, TestTailnet } from "../tailnet/tailnets.ts";

export interface KubernetesNode extends Worker {
  readonly name: string;
  daemon: NodeProcess | undefined;
  readonly tailscaled: Tailscaled;
}

export interface KubernetesCluster extends AsyncDisposable {
  readonly plane: ControlPlane;
  readonly nodes: readonly [KubernetesNode, KubernetesNode];
  readonly tailnet: TestTailnet;
}

/** A busy machine needs this long to start programs of 100 MB. */
export const patienceMs = 180_000;
const keyFile = "/etc/headcni/tailscale.key";

export interface CreateClusterOptions {
  /** Whether nodes have a configuration for a daemon that is a service of the host. @default true */
  readonly isHostService?: boolean;
}

/** Two nodes that are registered and NotReady: nothing has brought them a network yet. */
export async function createKubernetesCluster(
  kind: TailnetKind,
  programs: ReadonlyMap<string, string>,
  { isHostService = true }: CreateClusterOptions = {},
): Promise<KubernetesCluster> {
  const tailnet = await kind.create();
  const center = await createNode({ name: "internet" });
  const wan = await createWan(center);
  const key = await tailnet.authKey();
  const join = async (name: string): Promise<Joined> => {
    const node = await createNode({ name });
    const tailscaled = await tailnet.join(node);
    if (isHostService) {
      node.write(keyFile, key);
      await node.must(["chmod", "600", keyFile]);
      node.write(configFile, configOf(tailnet.controlURL));
    }
    return { node, tailscaled, address: await addressOf(node, wan) };
  };
  const first = await join("w1");
  const second = await join("w2");
  const users = [nodeUser("w1"), nodeUser("w2"), proxyUser];
  const plane = await startControlPlane(first.node, { programs, address: first.address, users });
  await startControllers(plane, programs);
  const start = async ({ node, tailscaled, address }: Joined): Promise<KubernetesNode> => {
    const worker = await startWorker(node, plane, { programs, address });
    return Object.assign(worker, { name: node.name, daemon: undefined, tailscaled });
  };
  const nodes = [await start(first), await start(second)] as const;
  return {
    plane,
    nodes,
    tailnet,
    [Symbol.asyncDispose]: async () => {
      for (const { node } of nodes) await node[Symbol.asyncDispose]();
      await center[Symbol.asyncDispose]();
      await tailnet[Symbol.asyncDispose]();
    },
  };
}

/** On the tailnet, not yet in the cluster. */
interface Joined {
  readonly node: Node;
  readonly tailscaled: Tailscaled;
  readonly address: string;
}

/** Of a node that its tailnet has wired to no network, by a wire of its own. */
async function addressOf(node: Node, wan: Wan): Promise<string> {
  const shown = await node.run(["ip", "-4", "-brief", "addr", "show", "dev", "eth0"]);
  const [, , own] = shown.exitCode === 0 ? shown.stdout.trim().split(/\s+/) : [];
  return own === undefined ? wan.attach(node) : own.replace(/\/\d+$/, "");
}

function configOf(controlURL: string): string {
  return `network:
  podCIDR:
    nodeObject: { enabled: true, kubeconfig: ${kubeletConfig} }
tailscale:
  enabled: true
  login: { server: "${controlURL}", authKeyFile: ${keyFile} }
`;
}

/** HeadCNI as a service of the host. */
export async function startHeadcni(worker: KubernetesNode): Promise<void> {
  worker.daemon = await bootDaemon(worker.node);
}

interface NodeObject {
  readonly spec: { readonly podCIDRs?: readonly string[] };
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message: string }[];
  };
}

/** `True`, `False`, `Unknown`, with why; "" for a node that is not registered. */
export async function readiness({ api }: ControlPlane, name: string): Promise<{ status: string; message: string }> {
  try {
    const node = await api<NodeObject>("GET", `/api/v1/nodes/${name}`);
    const { status = "", message = "" } = node.status.conditions?.find(({ type }) => type === "Ready") ?? {};
    return { status, message };
  } catch (error) {
    return { status: "", message: String(error) };
  }
}

export async function podCIDROf({ api }: ControlPlane, name: string): Promise<string> {
  return (await api<NodeObject>("GET", `/api/v1/nodes/${name}`)).spec.podCIDRs?.[0] ?? "";
}

/** How long it takes from `sinceMs`, of the monotonic clock, until both nodes are as wanted; printed. @default now */
export async function untilReadiness(
  { plane, nodes }: KubernetesCluster,
  wanted: string,
  sinceMs = realClock.monotonicMs(),
): Promise<void> {
  let last: unknown;
  await waitUntil(
    `both nodes are ${wanted}`,
    async () => {
      const all = await Promise.all(nodes.map(({ name }) => readiness(plane, name)));
      last = all;
      return all.every(({ status }) => status === wanted);
    },
    patienceMs,
  ).catch((error: Error) => {
    const logs = nodes.map(({ kubelet }) => kubelet.output().slice(-2500)).join("\n---\n");
    throw new Error(`${error.message}: ${JSON.stringify(last)}\n${logs}`);
  });
  const tookMs = Math.round(realClock.monotonicMs() - sinceMs);
  console.log(`    Ready is ${wanted} on both nodes after ${tookMs} ms`);
}
