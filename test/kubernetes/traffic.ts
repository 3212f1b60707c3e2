// Traffic of pods that goes on while something happens to their nodes: TCP connections whose bytes are checked, and pings.

import { waitUntil } from "../../src/sys/testing.ts";
import { checkout, type NodeProcess } from "../harness/node.ts";
import type { StreamReport } from "../harness/programs/stream.ts";
import type { KubernetesCluster } from "./cluster.ts";
import { netnsOf, type RunningPod, workerOf } from "./workloads.ts";

export const streamPort = 9000;

export interface TrafficReport {
  /** One for each connection, `POD → ADDRESS:PORT`. */
  readonly streams: readonly StreamReport[];
  readonly pings: { readonly sent: number; readonly lost: number };
}

export interface Traffic {
  /** Ends it; gives what became of it. */
  stop(): Promise<TrafficReport>;
}

const pingsPerSecond = 5;

/** From each pod to the next one, and to a Service over all of them twice. @param service its address and port */
export async function startTraffic(
  cluster: KubernetesCluster,
  pods: readonly RunningPod[],
  service: string,
): Promise<Traffic> {
  const started: Pair[] = [];
  for (const [at, pod] of pods.entries()) {
    const next = pods[(at + 1) % pods.length] ?? pod;
    const { node } = workerOf(cluster, pod);
    const enter = ["nsenter", `--net=${await netnsOf(cluster, pod)}`, "--"];
    const log = (what: string): string => `/var/log/${what}-${pod.name}.log`;
    const program = [`${checkout}/node_modules/.bin/bun`, `${checkout}/test/harness/programs/stream.ts`];
    const targets = [`${next.address}:${streamPort}`, service, service];
    const pings = ["busybox", "ping", "-i", String(1 / pingsPerSecond), next.address];
    started.push({
      pod,
      stream: await node.spawn([...enter, ...program, String(streamPort), ...targets], { log: log("stream") }),
      ping: await node.spawn([...enter, ...pings], { log: log("ping") }),
    });
  }
  await waitUntil("pings are answered", () => started.every(({ ping }) => ping.output().includes(" seq=")), 20_000);
  return { stop: () => stop(started) };
}

interface Pair {
  readonly pod: RunningPod;
  readonly stream: NodeProcess;
  readonly ping: NodeProcess;
}

async function stop(started: readonly Pair[]): Promise<TrafficReport> {
  // Each before the first one ends: that closes connections of others.
  const streams: StreamReport[] = [];
  for (const { pod, stream } of started) {
    stream.kill("SIGUSR2");
    await waitUntil("streams say what became of them", () => stream.output().endsWith("]\n"), 20_000);
    const reports: readonly StreamReport[] = JSON.parse(stream.output());
    streams.push(...reports.map((report) => ({ ...report, target: `${pod.name} → ${report.target}` })));
  }
  let [sent, lost] = [0, 0];
  for (const { stream, ping } of started) {
    ping.kill("SIGINT");
    await ping.exited;
    await stream.stop();
    const [, all = "0", answered = "0"] = /(\d+) packets transmitted, (\d+) packets received/.exec(ping.output()) ?? [];
    sent += Number(all);
    lost += Number(all) - Number(answered);
  }
  return { streams, pings: { sent, lost } };
}

/** Prints the numbers, and gives a sentence for each connection that was harmed. */
export function harmed({ streams, pings }: TrafficReport): readonly string[] {
  const bytes = streams.reduce((sum, { returned }) => sum + returned, 0);
  const silenceMs = Math.max(...streams.map(({ silenceMs: each }) => each));
  const shown = `${streams.length} connections, ${Math.round(bytes / 1024)} KiB there and back, longest silence ${silenceMs} ms`;
  console.log(`    ${shown}; ${pings.lost} of ${pings.sent} pings lost`);
  return streams
    .filter(({ end, wrongAt, returned }) => end !== null || wrongAt !== null || returned === 0)
    .map(({ target, end, wrongAt, returned }) => `${target}: ${end ?? "-"}, wrong at ${wrongAt}, ${returned} bytes`);
}
