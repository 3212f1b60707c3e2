// A cluster of nodes that know of each other nothing but the tailnet: each has its configuration, a key and a daemon.

import { waitUntil } from "../../src/sys/testing.ts";
import { bootDaemon, configFile } from "../daemon/daemon.ts";
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
  const key = await tailnet.authKey();
  for (let index = 1; index <= nodes; index++) {
    const node = await createNode({ name: `node-${index}` });
    const podCIDR = `10.244.${index}.0/24`;
    const tailscaled = await tailnet.join(node);
    node.write(keyFile, key);
    await node.must(["chmod", "600", keyFile]);
    node.write(
      configFile,
      `network:
  podCIDR: { nodeLocal: ${podCIDR}, base: 10.244.0.0/16 }
  ${network}
tailscale:
  enabled: true
  login: { server: "${tailnet.controlURL}", authKeyFile: ${keyFile} }
`,
    );
    const daemon = await bootDaemon(node);
    members.push({ node, tailscaled, podCIDR, daemon, pod: await startWhoPod(node, `pod${index}`) });
  }
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
