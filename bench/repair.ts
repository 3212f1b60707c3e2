// How soon the daemon and its dataplane agent put right what others changed, beside a start that would do it too. In nodes of their own.

import { bootDaemon, flannelNode } from "../test/daemon/daemon.ts";
import { conflistHarms, isConflist } from "../test/daemon/harms.ts";
import { network, networkHarms, waitForMonitors } from "../test/dataplane/harms.ts";
import { joinedNodes, runAgent, shell } from "../test/dataplane/nodes.ts";
import { conflistPath, headcniDaemon } from "../test/harness/headcni.ts";
import { ms, ratio, type Table } from "./report.ts";
import { median } from "./sample.ts";

/** By what was harmed or done: milliseconds until all was right, one a round. */
type Times = ReadonlyMap<string, readonly number[]>;

/** Past this the daemon would have looked anyhow. */
const deadlineMs = 20_000;

export async function benchRepair(rounds: number): Promise<Table[]> {
  const { starts, ends, conflist } = await measureConflist(rounds);
  const kernel = await measureNetwork(rounds);
  const start = median(starts);
  const row = (name: string, times: readonly number[]): readonly string[] => {
    const middle = median(times);
    return [name, ms(Math.min(...times)), ms(middle), ms(Math.max(...times)), ratio(middle, start)];
  };
  return [
    {
      title: "What others change, put right",
      text:
        `Milliseconds from the end of the change until all is as it was, ${rounds} rounds; a change comes once the one before is put right. The kernel's rules ` +
        "are read by four programs a look, so their times are up to one look (some 50 ms) long. Beside a start, `--once`, that puts a " +
        "removed conflist right.",
      columns: ["what", "min", "median", "max", "of --once"],
      rows: [
        row("--once, conflist removed", starts),
        ...[...conflist].map(([what, times]) => row(`somebody ${what}`, times)),
        ...[...kernel].map(([what, times]) => row(what, times)),
        row("SIGTERM to the daemon's end", ends),
      ],
    },
  ];
}

async function measureConflist(rounds: number) {
  await using node = await flannelNode();
  await node.must([headcniDaemon, "--once"]);
  const right = node.read(conflistPath);
  const starts: number[] = [];
  const ends: number[] = [];
  const conflist = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    await node.must(["rm", conflistPath]);
    starts.push(await timeOf(() => node.must([headcniDaemon, "--once"])));
    const daemon = await bootDaemon(node);
    for (const [what, harm] of conflistHarms) {
      await harm(node);
      add(conflist, what, await timeUntil(what, () => isConflist(node, right)));
    }
    ends.push(await timeOf(() => daemon.stop()));
    // The last harm is a mount.
    await node.must(["sh", "-c", "while umount /etc/cni/net.d 2>/dev/null; do :; done"]);
  }
  return { starts, ends, conflist };
}

async function measureNetwork(rounds: number): Promise<Times> {
  await using nodes = await joinedNodes();
  const { node } = nodes.one;
  await shell(node, ["iptables -P FORWARD DROP", "ip6tables -P FORWARD DROP"]);
  const podCIDRs = "10.244.1.0/24,fd00:1::/64";
  const peers = ["10.244.2.0/24", "fd00:2::/64"];
  const inputs = { podCIDRs, clusterCIDRs: ["10.244.0.0/16", "fd00::/16"], peers };
  const times = new Map<string, number[]>();
  for (let round = 0; round < rounds; round++) {
    // One agent would take some rounds for a fight, and slow down.
    const agent = await runAgent(node, inputs);
    await waitForMonitors(node);
    const right = await network(node);
    for (const [what, harm] of networkHarms) {
      await shell(node, [harm]);
      add(times, what, await timeUntil(what, async () => (await network(node)) === right));
    }
    await agent.process.stop();
  }
  return times;
}

function add(times: Map<string, number[]>, what: string, took: number): void {
  times.set(what, [...(times.get(what) ?? []), took]);
}

async function timeOf(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return performance.now() - startedAt;
}

function timeUntil(what: string, isRight: () => boolean | Promise<boolean>): Promise<number> {
  return timeOf(async () => {
    const end = performance.now() + deadlineMs;
    while (!(await isRight())) {
      if (performance.now() > end) throw new Error(`Not put right within ${deadlineMs} ms: ${what}`);
      await Bun.sleep(1);
    }
  });
}
