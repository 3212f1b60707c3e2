// A cluster of nodes that know of each other nothing but the tailnet: each has its configuration, a key and a daemon. Dual stack, where
// the PodCIDRs are assigned.

import { waitUntil } from "../../src/sys/testing.ts";
import { bootDaemon, configFile } from "../daemon/daemon.ts";
import { conflistPath } from "../harness/headcni.ts";
import { createNode, type Node, type NodeProcess } from "../harness/node.ts";
import type { Relay } from "../harness/tailnet/headscale.ts";
import { localApi } from "../harness/tailnet/tailscaled.ts";
import { startWhoPod, type WhoPod } from "../harness/tailnet/who.ts";
import type { TailnetKind, Tailscaled, TestTailnet } from "./tailnets.ts";

export interface Member {
  readonly node: Node;
  readonly tailscaled: Tailscaled;
  readonly podCIDRs: readonly string[];
  /** The first of them, IPv4's. */
  readonly podCIDR: string;
  daemon: NodeProcess;
  pod: WhoPod;
}

export interface Cluster extends AsyncDisposable {
  readonly tailnet: TestTailnet;
  readonly members: readonly Member[];
}

export interface ClusterOptions {
  /** @default 3 */
  readonly nodes?: number;
  /** Networks of NATs, by the number of the node behind it; on the lab there are none. @default none */
  readonly lans?: Readonly<Record<number, string>>;
  /** @default the control server's own */
  readonly relay?: Relay;
}

const keyFile = "/etc/headcni/tailscale.key";
/** A busy machine needs this long to start programs of 100 MB; the promise of seconds is the docs' and the bench's. */
export const patienceMs = 60_000;
export const clusterCIDRs = "10.244.0.0/16,fd00:244::/48";

/** PodCIDRs of a node by a number, which need not be its own. */
export function podCIDRsOf(number: number): readonly [string, string] {
  return [`10.244.${number}.0/24`, `fd00:244:0:${number}::/64`];
}

/** Nodes 1 to n with their PodCIDRs, a daemon that logs in, and one pod each. */
export async function createCluster(
  kind: TailnetKind,
  { nodes = 3, lans = {}, relay }: ClusterOptions = {},
): Promise<Cluster> {
  const tailnet = await kind.create({ relay });
  const members: Member[] = [];
  // One after the other: ids and addresses follow the numbers.
  for (let number = 1; number <= nodes; number++) {
    const podCIDRs = podCIDRsOf(number);
    const joined = await joinCluster(tailnet, { name: `node-${number}`, settings: { podCIDRs }, lan: lans[number] });
    members.push(await withPod({ ...joined, daemon: await bootDaemon(joined.node) }, () => podCIDRs));
  }
  return clusterOf(tailnet, members);
}

/** Nodes 1 to n that nothing assigns a PodCIDR, whose daemons start at once: each has a block of 16 there are, of both families, and one pod. */
export async function createUnassigned(kind: TailnetKind, nodes: number): Promise<Cluster> {
  const tailnet = await kind.create();
  const joined: Joined[] = [];
  for (let number = 1; number <= nodes; number++) {
    joined.push(await joinCluster(tailnet, { name: `node-${number}`, settings: unassigned }));
  }
  const booted = await Promise.all(joined.map(async (one) => ({ ...one, daemon: await bootDaemon(one.node) })));
  const members: Member[] = [];
  for (const one of booted) {
    await waitUntil(`${one.node.name} has its conflist`, () => one.node.exists(conflistPath), 2 * patienceMs);
    members.push(await withPod(one, () => subnetsOf(one.node)));
  }
  return clusterOf(tailnet, members);
}

/** 16 blocks of each family for nodes to which nothing assigns one. Ten daemons on a busy machine may take half a minute to log in. */
export const unassigned: NodeSettings = {
  podCIDRs: [],
  base: "10.244.0.0/24,fd00:244::/60",
  perNode: "/28,/64",
  claim: { timeout: "120s" },
};

/** What the conflist gives to pods, one of each family there is. */
export function subnetsOf(node: Node): readonly string[] {
  const { subnet, ranges = [] } = JSON.parse(node.read(conflistPath)).plugins[0].ipam;
  return subnet === undefined ? ranges.map(([range]: [{ subnet: string }]) => range.subnet) : [subnet];
}

type Joined = Pick<Member, "node" | "tailscaled">;

interface JoinOptions {
  readonly name: string;
  readonly settings: NodeSettings;
  /** @default none: no NAT */
  readonly lan?: string | undefined;
}

/** A node with a tailscaled and a configuration, whose daemon does not run yet. */
export async function joinCluster(tailnet: TestTailnet, { name, settings, lan }: JoinOptions): Promise<Joined> {
  const node = await createNode({ name });
  const tailscaled = await tailnet.join(node, lan);
  node.write(keyFile, await tailnet.authKey());
  await node.must(["chmod", "600", keyFile]);
  writeConfig(node, tailnet, settings);
  return { node, tailscaled };
}

/** Starts the node's pod, by the conflist that is there. @param podCIDRs asked once the pod holds them: until then a guess may move */
async function withPod(
  one: Omit<Member, "podCIDR" | "podCIDRs" | "pod">,
  podCIDRs: () => readonly string[],
): Promise<Member> {
  const { node } = one;
  const pod = await startWhoPod(node, node.name.replace("node-", "pod"));
  const [podCIDR = ""] = podCIDRs();
  return { ...one, podCIDRs: podCIDRs(), podCIDR, pod };
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

export interface NodeSettings {
  /** The node's own; none: it has to find some. */
  readonly podCIDRs: readonly string[];
  readonly base?: string;
  readonly perNode?: string;
  readonly claim?: { readonly timeout: string };
  readonly masquerade?: "bridge" | "daemon" | "none";
  /** @default by the policy */
  readonly headscale?: HeadscaleSettings;
}

/** The section `headscale` of a configuration. */
export interface HeadscaleSettings {
  readonly approval: "controller" | "node";
  readonly url: string;
  readonly apiKeyFile: string;
  readonly caFile?: string;
}

/** Written for a daemon that runs, too: it takes up a change by itself. */
export function writeConfig(node: Node, { controlURL }: TestTailnet, settings: NodeSettings): void {
  const { podCIDRs, base = clusterCIDRs, perNode, claim, masquerade = "bridge", headscale } = settings;
  const nodeLocal = podCIDRs.length === 0 ? undefined : podCIDRs.join(",");
  const config = {
    network: { podCIDR: { nodeLocal, base, perNode, claim }, masquerade },
    tailscale: { enabled: true, mayReconnect: true, login: { server: controlURL, authKeyFile: keyFile } },
    headscale,
  };
  node.write(configFile, JSON.stringify(config));
}

/** Names of the nodes that serve a range, as one node's tailscaled sees it. */
export async function servers(node: Node, range: string): Promise<readonly string[]> {
  const { Peer } = JSON.parse(await localApi(node, "/localapi/v0/status"));
  const peers: readonly { HostName: string; PrimaryRoutes?: readonly string[] | null }[] = Object.values(Peer ?? {});
  return peers.filter(({ PrimaryRoutes }) => PrimaryRoutes?.includes(range) === true).map(({ HostName }) => HostName);
}

/** Which address each pod saw of each, as `from → to: address`; `-` where nothing came back. */
export async function sources(pods: readonly WhoPod[], ipv6 = false): Promise<string[]> {
  const pairs = pods.flatMap((from) => pods.map((to) => ({ from, to })));
  const answer = async ({ from, to }: (typeof pairs)[number]): Promise<string> =>
    (await from.asks(ipv6 ? { address: to.addressV6 } : to)) || "-";
  return Promise.all(pairs.map(async (pair) => `${pair.from.name} → ${pair.to.name}: ${await answer(pair)}`));
}

/** What `sources` gives where every pod is seen with its own address. */
function ownAddresses(pods: readonly WhoPod[], ipv6 = false): string[] {
  return pods.flatMap((pod) => pods.map((to) => `${pod.name} → ${to.name}: ${ipv6 ? pod.addressV6 : pod.address}`));
}

/** Waits until every pod reaches every pod and is seen with its own address. @param extra other pods than one a member */
export async function allPairs(members: readonly Member[], ...extra: readonly WhoPod[]): Promise<void> {
  await podPairs([...members.map(({ pod }) => pod), ...extra]);
}

/** @param ipv6 whether by the second family */
export async function podPairs(pods: readonly WhoPod[], ipv6 = false): Promise<void> {
  let seen: string[] = [];
  const isRight = async (): Promise<boolean> => {
    seen = await sources(pods, ipv6);
    return Bun.deepEquals(seen, ownAddresses(pods, ipv6));
  };
  await waitUntil("every pod is seen with its own address", isRight, patienceMs).catch((error: Error) => {
    throw new Error(`${error.message}; the last seen:\n${seen.join("\n")}`);
  });
}
