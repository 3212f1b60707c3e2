// Pods on a real tailnet beside what is beneath them: tailscaled from node to node, and VXLAN over it. Two nodes of one machine; needs
// the real tailscaled and Headscale.

import { waitUntil } from "../src/sys/testing.ts";
import type { Node } from "../test/harness/node.ts";
import type { TailnetPrograms } from "../test/harness/tailnet/programs.ts";
import { allPairs, type Cluster, createCluster } from "../test/tailnet/cluster.ts";
import { createReal } from "../test/tailnet/tailnets.ts";
import { type End, inside, serve, withProbe } from "./ends.ts";
import { ratio, type Table, threeOf } from "./report.ts";
import { median } from "./sample.ts";
import { vxlanPod, vxlanPodAddress, wireVxlan } from "./vxlan.ts";

export interface TailnetBenchOptions {
  readonly programs: TailnetPrograms;
  readonly rounds: number;
  /** How long each transfer is measured. */
  readonly seconds: number;
  readonly restarts: number;
}

interface Path {
  readonly name: string;
  readonly from: End;
  readonly to: End;
}

const echoes = "300";

export async function benchTailnet(options: TailnetBenchOptions): Promise<Table[]> {
  const kind = { name: "real", title: "real", create: () => createReal(options.programs) } as const;
  await using cluster = await createCluster(kind, { nodes: 2 });
  await allPairs(cluster.members);
  const paths = await layPaths(cluster);
  for (const { to } of new Map(paths.map((path) => [path.to.address, path])).values()) await serve(to);
  return [...(await throughTable(paths, options)), await restartTable(cluster, paths, options.restarts)];
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
