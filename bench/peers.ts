// What the daemon takes with many peers, on the lab tailnet: one node is there, the others only in its network map, and answer the
// packets that prove their routes.

import { bootDaemon, configFile } from "../test/daemon/daemon.ts";
import { headcni } from "../test/harness/headcni.ts";
import { createNode } from "../test/harness/node.ts";
import { createLabTailnet, type LabTailnet } from "../test/lab/lab.ts";
import { mebibytes, type Table } from "./report.ts";
import { memory, treeCpuMs } from "./usage.ts";

export interface PeersBenchOptions {
  readonly counts: readonly number[];
  /** How long the daemon rests before it is looked at, and while. */
  readonly restMs: number;
  readonly changes: number;
}

const clusterCIDR = "10.128.0.0/9";
const podCIDROf = (at: number): string => `10.${192 + (at >> 8)}.${at & 255}.0/24`;
const changeEveryMs = 200;

export async function benchPeers({ counts, restMs, changes }: PeersBenchOptions): Promise<Table> {
  const rows: string[][] = [];
  for (const count of counts) rows.push(await measure(count, { restMs, changes }));
  return {
    title: "The daemon with many peers",
    text: `On the lab tailnet: once every peer has answered, the processor time of ${restMs / 1000} s in which nothing happens (percent of one core, with
what the daemon starts: ip, nft), then ${changes} peers that go and come back, one every ${changeEveryMs} ms (milliseconds of a processor for each change, rest
taken off), and anonymous memory before and after those. Aim: 60 MiB, and time that grows with changes.`,
    columns: ["peers", "at rest, %", "a change, ms", "anonymous MiB", "after the changes"],
    rows,
  };
}

async function measure(count: number, { restMs, changes }: Omit<PeersBenchOptions, "counts">): Promise<string[]> {
  await using tailnet = await createLabTailnet();
  await using node = await createNode({ name: "node-1" });
  const { control } = tailnet;
  control.setApproves(clusterCIDR);
  await tailnet.answerFor("10.192.0.0/10");
  await tailnet.start(node);
  const ids = addPeers(tailnet, count);
  node.write("/etc/headcni/key", control.key);
  await node.must(["chmod", "600", "/etc/headcni/key"]);
  node.write(
    configFile,
    `network: { podCIDR: { nodeLocal: 10.128.0.0/24, base: ${clusterCIDR} } }
tailscale: { login: { server: "${control.url}", authKeyFile: /etc/headcni/key } }\n`,
  );
  const { pid } = await bootDaemon(node);
  // Each is asked once when it is met, a few at a time: with many that takes minutes, and is no rest.
  const isMet = async (): Promise<boolean> => {
    const { nodes = [] } = JSON.parse((await node.run([headcni, "mesh", "-o", "json"])).stdout || "{}");
    return nodes.filter(({ route }: { route: string }) => route === "live").length > count;
  };
  while (!(await isMet())) await Bun.sleep(2000);
  await Bun.sleep(restMs / 2);
  const spentIn = async (act: () => Promise<unknown>): Promise<number> => {
    const before = treeCpuMs(pid);
    await act();
    return treeCpuMs(pid) - before;
  };
  const atRest = await spentIn(() => Bun.sleep(restMs));
  const resting = memory(pid, "Anonymous");
  const burstMs = changes * changeEveryMs + 5000;
  const inBurst = await spentIn(async () => {
    for (let at = 0; at < changes; at++) {
      // One goes, and comes back with the next change.
      control.setOnline(ids[((at >> 1) * 7) % ids.length] ?? 0, at % 2 === 1);
      await Bun.sleep(changeEveryMs);
    }
    await Bun.sleep(5000);
  });
  const each = (inBurst - (atRest * burstMs) / restMs) / changes;
  const percent = (atRest / restMs) * 100;
  return [String(count), percent.toFixed(2), each.toFixed(1), mebibytes(resting), mebibytes(memory(pid, "Anonymous"))];
}

/** Nodes of which there is no more than what the control server says; in one change. */
function addPeers({ control }: LabTailnet, count: number): readonly number[] {
  const peers = Array.from({ length: count }, (_, at) => ({
    id: control.register(`peer-${at + 1}`, control.key)?.id ?? 0,
    podCIDR: podCIDROf(at),
  }));
  control.setUp(false);
  for (const { id, podCIDR } of peers) {
    control.setOnline(id, true);
    control.advertise(id, [podCIDR]);
  }
  control.setUp(true);
  return peers.map(({ id }) => id);
}
