// A cluster of nodes that know of each other nothing but the tailnet: each has its configuration, a key and a daemon.

import { waitUntil } from "../../src/sys/testing.ts";
import { bootDaemon, configFile, subnetOf } from "../daemon/daemon.ts";
import { conflistPath } from "../harness/headcni.ts";
import { createNode, type Node, type NodeProcess } from "../harness/node.ts";
import { startWhoPod, type WhoPod } from "../harness/tailnet/who.ts";
import type { TailnetKind, Tailscaled, TestTailnet } from "./tailnets.ts";

export interface Member {
  readonly node: Node;
  readonly tailscaled: Tailscaled;
  readonly podCIDR: string;
  daemon: NodeProcess;
  readonly pod: WhoPod;
}

export interface Cluster extends AsyncDisposable {
  readonly tailnet: TestTailnet;
  readonly members: readonly Member[];
}

export interface ClusterOptions {
  /** @default 3 */
  readonly nodes?: number;
  /** Lines added to the `network` key of every node's configuration, e.g. `masquerade: daemon`. */
  readonly network?: string;
}

const keyFile = "/etc/headcni/tailscale.key";
/** A busy machine needs this long to start programs of 100 MB; the promise of seconds is the docs' and the bench's. */
export const patienceMs = 45_000;

/** Nodes 1 to n with PodCIDR 10.244.n.0/24, a daemon that logs in, and one pod each. */
export async function createCluster(
  kind: TailnetKind,
  { nodes = 3, network = "" }: ClusterOptions = {},
): Promise<Cluster> {
  const tailnet = await kind.create();
  const members: Member[] = [];
  for (let index = 1; index <= nodes; index++) {
    const podCIDR = `nodeLocal: 10.244.${index}.0/24, base: 10.244.0.0/16`;
    const joined = await joinCluster(tailnet, { name: `node-${index}`, podCIDR, network });
    const daemon = await bootDaemon(joined.node);
    members.push(await withPod({ ...joined, daemon }));
  }
  return clusterOf(tailnet, members);
}

/** Nodes 1 to n that nothing assigns a PodCIDR, whose daemons start at once: each has a block of `10.244.0.0/24`, of 16 there are, and one pod. */
export async function createUnassigned(kind: TailnetKind, nodes: number): Promise<Cluster> {
  const tailnet = await kind.create();
  const joined: Joined[] = [];
  for (let index = 1; index <= nodes; index++) {
    const podCIDR = "base: 10.244.0.0/24, perNode: /28";
    joined.push(await joinCluster(tailnet, { name: `node-${index}`, podCIDR }));
  }
  const booted = await Promise.all(joined.map(async (one) => ({ ...one, daemon: await bootDaemon(one.node) })));
  const members: Member[] = [];
  for (const one of booted) {
    await waitUntil(`${one.node.name} has its conflist`, () => one.node.exists(conflistPath), 2 * patienceMs);
    members.push(await withPod(one));
  }
  return clusterOf(tailnet, members);
}

type Joined = Pick<Member, "node" | "tailscaled">;

interface JoinOptions extends Pick<ClusterOptions, "network"> {
  readonly name: string;
  /** What stands in `network.podCIDR`. */
  readonly podCIDR: string;
}

/** A node with a tailscaled and a configuration, whose daemon does not run yet. */
export async function joinCluster(tailnet: TestTailnet, { name, podCIDR, network = "" }: JoinOptions): Promise<Joined> {
  const node = await createNode({ name });
  const tailscaled = await tailnet.join(node);
  node.write(keyFile, await tailnet.authKey());
  await node.must(["chmod", "600", keyFile]);
  node.write(
    configFile,
    `network:
  podCIDR: { ${podCIDR} }
  ${network}
tailscale:
  enabled: true
  login: { server: "${tailnet.controlURL}", authKeyFile: ${keyFile} }
`,
  );
  return { node, tailscaled };
}

/** Starts the node's pod, by the conflist that is there. */
export async function withPod(one: Omit<Member, "podCIDR" | "pod">): Promise<Member> {
  const { name } = one.node;
  return { ...one, podCIDR: subnetOf(one.node), pod: await startWhoPod(one.node, name.replace("node-", "pod")) };
}

function clusterOf(tailnet: TestTailnet, members: Member[]): Cluster {
  return {
    tailnet,
    members,
    [Symbol.asyncDispose]: async () => {
      for (const { node } of members) await node[Symbol.asyncDispose]();
      await tailnet[Symbol.asyncDispose]();
    },
  };
}

/** Which address each pod saw of each, as `from → to: address`; `-` where nothing came back. */
export async function sources(members: readonly Member[]): Promise<string[]> {
  const pairs = members.flatMap((from) => members.map((to) => ({ from: from.pod, to: to.pod })));
  return Promise.all(pairs.map(async ({ from, to }) => `${from.name} → ${to.name}: ${(await from.asks(to)) || "-"}`));
}

/** What `sources` gives where every pod is seen with its own address. */
export function ownAddresses(members: readonly Member[]): string[] {
  return members.flatMap(({ pod }) => members.map((to) => `${pod.name} → ${to.pod.name}: ${pod.address}`));
}

/** Waits until every pod reaches every pod and is seen with its own address. */
export async function allPairs(members: readonly Member[]): Promise<void> {
  let seen: string[] = [];
  const isRight = async (): Promise<boolean> => {
    seen = await sources(members);
    return Bun.deepEquals(seen, ownAddresses(members));
  };
  await waitUntil("every pod is seen with its own address", isRight, patienceMs).catch((error: Error) => {
    throw new Error(`${error.message}; the last seen:\n${seen.join("\n")}`);
  });
}
