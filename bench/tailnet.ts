// Pods on a real tailnet beside what is beneath them: tailscaled from node to node, and VXLAN over it. Two nodes of one machine; needs
// the real tailscaled and Headscale.

import { waitUntil } from "../src/sys/testing.ts";
import { configFile } from "../test/daemon/daemon.ts";
import { headcniDaemon } from "../test/harness/headcni.ts";
import { checkout, createNode, type Node } from "../test/harness/node.ts";
import { joinTailnet } from "../test/harness/tailnet/join.ts";
import { allPairs, type Cluster, createCluster } from "../test/tailnet/cluster.ts";
import type { TailnetKind } from "../test/tailnet/tailnets.ts";
import { ratio, type Table } from "./report.ts";
import { median } from "./sample.ts";
import { vxlanPod, vxlanPodAddress, wireVxlan } from "./vxlan.ts";

export interface TailnetBenchOptions {
  readonly kind: TailnetKind;
  readonly rounds: number;
  /** How long each transfer is measured. */
  readonly seconds: number;
  /** Nodes that join, each way. */
  readonly joins: number;
  readonly restarts: number;
}

/** One end of a path: where a program runs, and how it is reached. */
interface End {
  readonly node: Node;
  /** Network namespace; undefined for the node's own. */
  readonly pod?: string;
  readonly address: string;
}

interface Path {
  readonly name: string;
  readonly from: End;
  readonly to: End;
}

const traffic = [process.execPath, `${checkout}/bench/traffic.ts`];
const echoes = "300";

export async function benchTailnet(options: TailnetBenchOptions): Promise<Table[]> {
  await using cluster = await createCluster(options.kind, { nodes: 2 });
  await allPairs(cluster.members);
  const paths = await layPaths(cluster);
  for (const { to } of new Map(paths.map((path) => [path.to.address, path])).values()) await serve(to);
  return [
    ...(await throughTable(paths, options)),
    await restartTable(cluster, paths, options.restarts),
    await joinTable(cluster, options.joins),
  ];
}

/** From the first node to the second: the nodes themselves, pods, pods over VXLAN. */
async function layPaths({ members }: Cluster): Promise<readonly [Path, Path, Path]> {
  const [one, two] = members;
  if (one === undefined || two === undefined) throw new Error("No members");
  const [first = "", second = ""] = await Promise.all([one, two].map(({ node }) => tailnetAddress(node)));
  await wireVxlan([
    { node: one.node, address: first, index: 1 },
    { node: two.node, address: second, index: 2 },
  ]);
  const podOf = ({ node, pod }: typeof one): End => ({ node, pod: pod.name, address: pod.address });
  const vxlanOf = (node: Node, index: number): End => ({ node, pod: vxlanPod, address: vxlanPodAddress(index) });
  return [
    { name: "host to host", from: { node: one.node, address: first }, to: { node: two.node, address: second } },
    { name: "pod to pod", from: podOf(one), to: podOf(two) },
    { name: "pod to pod, VXLAN over tailscale0", from: vxlanOf(one.node, 1), to: vxlanOf(two.node, 2) },
  ];
}

async function tailnetAddress(node: Node): Promise<string> {
  const [{ addr_info: addresses }] = JSON.parse(await node.must(["ip", "-j", "-4", "addr", "show", "tailscale0"]));
  return addresses[0].local;
}

function inside({ pod }: End): string[] {
  return pod === undefined ? traffic : ["ip", "netns", "exec", pod, ...traffic];
}

async function serve(end: End): Promise<void> {
  const server = await end.node.spawn([...inside(end), "serve"], { log: `/var/log/serve-${end.address}.log` });
  await waitUntil("the other end serves", () => server.output().includes("ready"), 20_000);
}

async function throughTable(paths: readonly Path[], { rounds, seconds }: TailnetBenchOptions): Promise<Table[]> {
  const rates = new Map<string, number[]>(paths.map(({ name }) => [name, []]));
  const trips = new Map<string, number[]>(paths.map(({ name }) => [name, []]));
  // The first round sets the tunnel up and is not counted.
  for (let round = -1; round < rounds; round++) {
    for (const [at] of paths.entries()) {
      const path = paths[(at + round + 1) % paths.length];
      if (path === undefined) continue;
      const { name, from, to } = path;
      const ask = (...args: string[]) => from.node.must([...inside(from), ...args], { timeoutMs: 60_000 });
      const rate = Number(await ask("receive", to.address, String(seconds)));
      const trip = median(JSON.parse(await ask("rtt", to.address, echoes)));
      if (round < 0) continue;
      rates.get(name)?.push(rate);
      trips.get(name)?.push(trip);
    }
  }
  const [host = "", pod = "", vxlan = ""] = paths.map(({ name }) => name);
  const medianOf = (of: ReadonlyMap<string, readonly number[]>, name: string): number => median(of.get(name) ?? []);
  const shareOf = (of: ReadonlyMap<string, readonly number[]>, name: string): string =>
    ratio(medianOf(of, name), medianOf(of, host));
  const rows = (of: ReadonlyMap<string, readonly number[]>, digits: number) =>
    [...of].map(([name, all]) => [...threeOf(name, all, digits), shareOf(of, name)]);
  return [
    {
      title: "Between nodes of a tailnet: throughput",
      text: `One TCP connection, Mbit/s over ${seconds} s, ${rounds} interleaved rounds, both nodes on this machine. Pods get ${shareOf(rates, pod)} of
what the nodes have (aim: 0.97) and ${ratio(medianOf(rates, pod), medianOf(rates, vxlan))} of VXLAN over tailscale0 (aim: 3).`,
      columns: ["what", "min", "median", "max", "of host to host"],
      rows: rows(rates, 0),
    },
    {
      title: "Between nodes of a tailnet: round trips",
      text: `Milliseconds for a byte there and back over TCP: the median of ${echoes}, of ${rounds} rounds.`,
      columns: ["what", "min", "median", "max", "of host to host"],
      rows: rows(trips, 2),
    },
  ];
}

function threeOf(name: string, all: readonly number[], digits: number): readonly string[] {
  return [name, Math.min(...all), median(all), Math.max(...all)].map((value) =>
    typeof value === "string" ? value : value.toFixed(digits),
  );
}

/** The times at which answers came, in order, milliseconds since the epoch. */
async function withProbe(end: End, address: string, act: (answers: () => number[]) => Promise<void>): Promise<void> {
  const log = `/var/log/probe-${end.address}-${address}.log`;
  end.node.write(log, "");
  const prober = await end.node.spawn([...inside(end), "probe", address, end.address], { log });
  const answers = () =>
    prober
      .output()
      .trim()
      .split("\n")
      .filter((line) => /^\d+$/.test(line))
      .map(Number);
  try {
    await act(answers);
  } finally {
    await prober.stop();
  }
}

async function restartTable(cluster: Cluster, paths: readonly Path[], restarts: number): Promise<Table> {
  const [host, pod] = paths;
  const two = cluster.members[1];
  if (host === undefined || pod === undefined || two === undefined) throw new Error("No paths");
  const holes = { host: [] as number[], pod: [] as number[] };
  for (let round = 0; round < restarts; round++) {
    await withProbe(host.from, host.to.address, (hosts) =>
      withProbe(pod.from, pod.to.address, async (pods) => {
        await waitUntil("both answer", () => hosts().length > 50 && pods().length > 50, 60_000);
        const startedAt = Date.now();
        await two.tailscaled.stop();
        await two.tailscaled.start();
        const isBack = (answers: readonly number[]): boolean =>
          answers.filter((at) => at > Date.now() - 2000).length > 50 && holeMs(answers, startedAt) > 0;
        await Bun.sleep(2000);
        await waitUntil("both answer again", () => isBack(hosts()) && isBack(pods()), 60_000);
        holes.host.push(holeMs(hosts(), startedAt) / 1000);
        holes.pod.push(holeMs(pods(), startedAt) / 1000);
      }),
    );
  }
  return {
    title: "tailscaled restarted",
    text: `Seconds without an answer, ${restarts} restarts of the second node's tailscaled, both paths asked every 20 ms at the same time: pods are away
${ratio(median(holes.pod), median(holes.host))} as long as the nodes are to each other, which is tailscaled's own.`,
    columns: ["what", "min", "median", "max"],
    rows: [threeOf(host.name, holes.host, 1), threeOf(pod.name, holes.pod, 1)],
  };
}

/** The longest time between two answers that ended after `since`. */
function holeMs(answers: readonly number[], since: number): number {
  return answers.reduce((most, at, index) => (at > since ? Math.max(most, at - (answers[index - 1] ?? at)) : most), 0);
}

async function joinTable(cluster: Cluster, joins: number): Promise<Table> {
  const times = { control: [] as number[], headcni: [] as number[] };
  const key = await cluster.tailnet.authKey();
  for (let round = 0; round < joins; round++) {
    for (const way of ["control", "headcni"] as const) {
      const podCIDR = `10.244.${100 + 2 * round + (way === "control" ? 0 : 1)}.0/24`;
      times[way].push((await timeOfJoin(cluster, { way, podCIDR, key })) / 1000);
    }
  }
  const { control, headcni } = times;
  return {
    title: "A new node's first answer",
    text: `Seconds until a pod of another node answers the new node's pod gateway, ${joins} nodes each way: joined by hand with its route (\`control\`:
what tailscaled, Headscale and its policy take), and from the start of the daemon, which logs it in. ${ratio(median(headcni), median(control))} (aim: 1.2).`,
    columns: ["what", "min", "median", "max"],
    rows: [threeOf("joined by hand", control, 2), threeOf("by headcni-daemon", headcni, 2)],
  };
}

interface Join {
  readonly way: "control" | "headcni";
  readonly podCIDR: string;
  readonly key: string;
}

async function timeOfJoin({ tailnet, members }: Cluster, { way, podCIDR, key }: Join): Promise<number> {
  const target = members[1]?.pod;
  if (target === undefined) throw new Error("No pod");
  await using node = await createNode({ name: `${way}-${podCIDR.split(".")[2]}` });
  await tailnet.join(node);
  const gateway = podCIDR.replace("0/24", "1");
  let took = 0;
  await withProbe({ node, address: gateway }, target.address, async (answers) => {
    const config = `network: { podCIDR: { nodeLocal: ${podCIDR}, base: 10.244.0.0/16 } }
tailscale: { login: { server: "${tailnet.controlURL}", authKeyFile: /etc/headcni/key } }\n`;
    node.write(configFile, config);
    node.write("/etc/headcni/key", key);
    await node.must(["chmod", "600", "/etc/headcni/key"]);
    if (way === "control") {
      await node.must([
        "sh",
        "-ec",
        `ip link add pods0 type bridge; ip addr add ${gateway}/24 dev pods0; ip link set pods0 up`,
      ]);
    }
    const startedAt = Date.now();
    if (way === "control") {
      const headscale = { url: tailnet.controlURL, authKey: async () => key };
      await joinTailnet(node, { headscale, advertiseRoutes: [podCIDR], acceptRoutes: true });
    } else await node.spawn([headcniDaemon]);
    await waitUntil("a pod answers the new node", () => answers().length > 0, 60_000);
    took = (answers()[0] ?? startedAt) - startedAt;
  });
  return took;
}
