// How long pods cannot reach each other: ten pings a second from one to the other while something is done, and the longest time without
// an answer.

import { waitUntil } from "../../src/sys/testing.ts";
import type { WhoPod } from "../harness/tailnet/who.ts";

const intervalMs = 100;
/** A hole of less is not told from a busy machine's. */
const noiseMs = 300;

/** Does `work`, waits until answers come again, and gives the seconds of the longest hole; 0: none that can be told. */
export async function secondsOfOutage(from: WhoPod, to: WhoPod, work: () => Promise<void>): Promise<number> {
  const log = `/var/log/ping-${from.name}-${Date.now()}.log`;
  const argv = ["ip", "netns", "exec", from.name, "busybox", "ping", "-i", String(intervalMs / 1000), to.address];
  const ping = await from.node.spawn(argv, { log });
  const answers = (): number => ping.output().split("seq=").length;
  const hasMore = async (what: string): Promise<void> => {
    const from = answers();
    await waitUntil(what, () => answers() > from + 5, 120_000);
  };
  try {
    await hasMore("pings are answered");
    await work();
    await hasMore("pings are answered again");
  } finally {
    ping.kill("SIGINT");
    await ping.exited;
  }
  const holeMs = longestGapMs(ping.output()) - intervalMs;
  return holeMs < noiseMs ? 0 : Math.round(holeMs / 100) / 10;
}

/** Between two answers, by when each came: what was held back and came late is no loss, but nobody had it before. */
function longestGapMs(output: string): number {
  const lines = output.matchAll(/seq=(\d+) ttl=\d+ time=([\d.]+) ms/g);
  const times = [...lines].map(([, seq, ms]) => Number(seq) * intervalMs + Number(ms)).toSorted((a, b) => a - b);
  return Math.max(0, ...times.slice(1).map((at, before) => at - (times[before] ?? at)));
}

/** Seconds by what was done, from all that was measured in one run of the tests. */
const measured = new Map<string, number[]>();

/** @param what such as `lab: tailscaled killed and started` */
export function record(what: string, seconds: number): void {
  measured.set(what, [...(measured.get(what) ?? []), seconds]);
}

/** One line for each: fewest, median and most seconds. */
export function outageTable(): string {
  const rows = [...measured].map(([what, all]) => {
    const sorted = all.toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1];
    return `    ${what}: ${[sorted[0], median, sorted.at(-1)].map((seconds) => seconds?.toFixed(1)).join(" / ")} s`;
  });
  return rows.join("\n");
}
