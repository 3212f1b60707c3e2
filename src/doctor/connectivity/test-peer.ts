// What packets of the test's pod say of one other node: its pods' gateway and its tailnet address, by TCP and by ICMP of the pods' size.

import type { Addr } from "../../cidr/addr.ts";
import type { ConnectOutcome } from "../../sys/net/connect.ts";
import type { EchoOutcome } from "../../sys/net/icmp-echo.ts";
import { askResponder, type StreamProbes } from "./ask-responder.ts";
import { failed, left, type TestResult } from "./test-result.ts";

/** What a test asks of the machine, so that a test of the test can play it. Addresses are text. */
export interface PodProbes extends StreamProbes {
  connect(to: string, signal: AbortSignal): Promise<ConnectOutcome>;
  echo(to: string, bytes: number): Promise<EchoOutcome>;
  /** Whether the kernel shows that this node changed the source of what went there; undefined: it does not say. */
  sourceOf(to: string): string | undefined;
}

export type PeerResults = {
  readonly gateway: TestResult;
  readonly tailnetAddress: TestResult;
  readonly source: TestResult;
  /** Whether a pod of the other node reaches this one, and as what. */
  readonly back: TestResult;
  readonly mtu: TestResult;
  /** A long stream of TCP. */
  readonly transfer: TestResult;
  readonly latency: TestResult;
  readonly throughput: TestResult;
};

export interface TestPeerOptions {
  readonly pod: Addr;
  readonly gateway: Addr;
  readonly tailnet: Addr | undefined;
  readonly node: string;
  /** Where a responder of that node is looked for; undefined where there is none. */
  readonly responder: Addr | undefined;
  readonly mtuBytes: number;
  readonly isPerf: boolean;
  /** Until then, by `nowMs`, a responder is waited for, and a node without one has failed. @default it is not asked for */
  readonly waitUntilMs?: number | undefined;
}

/** An ICMP echo needs this much: the smallest MTU of IPv4 that anything has. */
const smallBytes = 84;
const latencyRounds = 5;
const perfMs = 3000;
/** In flight at once. */
const perfWindow = 8;

export async function testPeer(probes: PodProbes, options: TestPeerOptions, signal: AbortSignal): Promise<PeerResults> {
  const { pod, gateway, tailnet, node, responder, mtuBytes, isPerf, waitUntilMs } = options;
  const target = gateway.toString();
  const answer = await probes.connect(target, signal);
  const reached = reachResult(answer);
  const tailnetAddress =
    tailnet === undefined
      ? left("it has none of this family")
      : reachResult(await probes.connect(tailnet.toString(), signal));
  if (reached.outcome !== "ok") {
    const rest = left("its pods' gateway is not reached");
    const all = { source: rest, back: rest, mtu: rest, transfer: rest, latency: rest, throughput: rest };
    return { gateway: reached, tailnetAddress, ...all };
  }
  // An echo stays in the kernel's list of connections for a while; a connect that was refused does not.
  const mtu = await testMtu(probes, target, mtuBytes);
  const leaves = sourceResult(probes.sourceOf(target), pod.toString());
  const latency = await testLatency(probes, target, signal);
  const served =
    responder === undefined
      ? undefined
      : await askResponder(probes, { pod, address: responder.toString(), node, isPerf, waitUntilMs }, { signal });
  const none = waitUntilMs === undefined ? left(noResponder(node)) : failed(noResponder(node));
  const { seen = leaves, back = none, transfer = none } = served ?? {};
  const source = leaves.outcome === "failed" ? leaves : seen;
  const rate = isPerf ? (served?.throughput ?? (await testThroughput(probes, target, mtuBytes))) : undefined;
  const throughput = rate ?? left("asked for with --perf");
  return { gateway: reached, tailnetAddress, source, back, mtu, transfer, latency, throughput };
}

function reachResult(answer: ConnectOutcome): TestResult {
  switch (answer.kind) {
    case "answered":
      return {
        outcome: "ok",
        detail: `answers (${answer.isRefused ? "refuses the port" : "takes the port"}), ${ms(answer.rttMs)}`,
      };
    case "silent":
      return failed("no answer");
    case "no-route":
      return failed("no route to it");
    case "no-local-address":
      return failed("the pod lacks its address");
    case "failed":
      return left(answer.why);
  }
}

/** Conntrack of this node: what it answers to is what the packets left with. The other node's own change of it is not seen from here. */
function sourceResult(seen: string | undefined, pod: string): TestResult {
  if (seen === undefined) return left("the kernel does not show its connections (/proc/net/nf_conntrack)");
  return seen === pod
    ? { outcome: "ok", detail: `leaves this node as ${seen}` }
    : failed(`leaves this node as ${seen}, not as ${pod}`);
}

async function testMtu(probes: PodProbes, to: string, mtuBytes: number): Promise<TestResult> {
  const small = await probes.echo(to, smallBytes);
  if (small.kind !== "answered")
    return left(small.kind === "refused" ? "raw sockets are refused" : "no ICMP echo comes back");
  // A packet can be lost: three say more than one.
  for (let round = 0; round < 3; round++) {
    const full = await probes.echo(to, mtuBytes);
    if (full.kind === "answered") return { outcome: "ok", detail: `${mtuBytes} bytes unfragmented, both ways` };
    if (full.kind === "too-large") return failed(`a device of this node takes no ${mtuBytes} bytes`);
  }
  return failed(`${smallBytes} bytes come back, ${mtuBytes} unfragmented do not`);
}

async function testLatency(probes: PodProbes, to: string, signal: AbortSignal): Promise<TestResult> {
  const times: number[] = [];
  for (let round = 0; round < latencyRounds; round++) {
    const answer = await probes.connect(to, signal);
    if (answer.kind === "answered") times.push(answer.rttMs);
  }
  const sorted = times.toSorted((a, b) => a - b);
  const [first, last] = [sorted[0], sorted.at(-1)];
  const median = sorted[Math.floor(sorted.length / 2)];
  if (first === undefined || last === undefined || median === undefined) return failed("no answer any more");
  const lost = latencyRounds - times.length;
  return {
    outcome: lost > 0 ? "failed" : "ok",
    detail: `${ms(first)} / ${ms(median)} / ${ms(last)}${lost > 0 ? `, ${lost} of ${latencyRounds} lost` : ""}`,
  };
}

/** Echoes of full size, some in flight at once: what goes both ways at least. Without a responder nothing takes a stream of TCP. */
async function testThroughput(probes: PodProbes, to: string, mtuBytes: number): Promise<TestResult> {
  let answered = 0;
  let lost = 0;
  const startMs = probes.nowMs();
  const worker = async (): Promise<void> => {
    while (probes.nowMs() - startMs < perfMs) {
      const { kind } = await probes.echo(to, mtuBytes);
      if (kind === "answered") answered += 1;
      else lost += 1;
    }
  };
  await Promise.all(Array.from({ length: perfWindow }, worker));
  const spentMs = probes.nowMs() - startMs;
  const megabits = (answered * mtuBytes * 8) / spentMs / 1000;
  return {
    outcome: "ok",
    detail: `at least ${megabits.toFixed(1)} Mbit/s each way (ICMP), ${lost} of ${answered + lost} lost`,
  };
}

function noResponder(node: string): string {
  return `no pod answers there: run headcni connectivity serve on ${node} meanwhile`;
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
