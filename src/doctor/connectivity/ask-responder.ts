// What a responder on another node tells the connectivity test: the source that it saw, whether it reaches this pod, and whether a long
// stream comes through each way, whole.

import type { Addr } from "../../cidr/addr.ts";
import { expected } from "../../sys/errors.ts";
import type { TcpStream } from "../../sys/net/tcp-stream.ts";
import { plainAddress, Talk } from "./responder-talk.ts";
import { left, type TestResult } from "./test-result.ts";

/** What a test asks of the machine, in the pod's network namespace. */
export interface StreamProbes {
  connectStream(to: string, timeoutMs: number): Promise<TcpStream>;
  /** Listens on an address of the pod until it is disposed. */
  listen(host: string, onStream: (stream: TcpStream) => void): Disposable & { readonly port: number };
  nowMs(): number;
  /** Between two looks for what is waited for. */
  pause(signal: AbortSignal): Promise<void>;
}

export interface ResponderResults {
  /** Which source the other node's pod saw. */
  readonly seen: TestResult;
  readonly back: TestResult;
  readonly transfer: TestResult;
  /** Undefined when it was not asked for. */
  readonly throughput: TestResult | undefined;
}

export interface AskResponderOptions {
  readonly pod: Addr;
  /** Where it is looked for. */
  readonly address: string;
  /** What the other node is called. */
  readonly node: string;
  readonly isPerf: boolean;
  /** Until then it is looked for again and again, by `nowMs`. @default once */
  readonly waitUntilMs?: number | undefined;
}

/** Where nothing answers this long is waited, for each node. */
const connectMs = 2000;
/** More than any window that a kernel begins with: packets of full size, many at once. */
const transferBytes = 2 << 20;
const perfBytes = 4 << 20;
const perfMs = 3000;
const stallMs = 8000;

/** Undefined: none answers there. @param patienceMs for how long nothing may come */
export async function askResponder(
  probes: StreamProbes,
  options: AskResponderOptions,
  { signal, patienceMs = stallMs }: { readonly signal: AbortSignal; readonly patienceMs?: number },
): Promise<ResponderResults | undefined> {
  const stream = await findResponder(probes, options, signal);
  if (stream === undefined) return undefined;
  using _ = stream;
  const talk = new Talk(stream, patienceMs);
  const greeting = await orStalled(() => talk.greeting());
  // A pod of another kind has this address.
  if (greeting === undefined) return undefined;
  const own = options.pod.toString();
  const sees = plainAddress(greeting.sees);
  const seen: TestResult =
    sees === own
      ? { outcome: "ok", detail: `a pod of ${options.node} sees ${sees}` }
      : { outcome: "failed", detail: `a pod of ${options.node} sees ${sees}, not ${own}` };
  const back = sees === own ? await testBack(probes, { ...options, talk }) : left("its pod sees another source");
  const transfer = await testTransfer(probes, talk);
  const isWhole = transfer.outcome === "ok";
  return {
    seen,
    back,
    transfer,
    throughput: options.isPerf && isWhole ? await testStreams(probes, talk) : undefined,
  };
}

async function findResponder(
  probes: StreamProbes,
  { address, waitUntilMs = 0 }: AskResponderOptions,
  signal: AbortSignal,
): Promise<TcpStream | undefined> {
  for (;;) {
    try {
      return await probes.connectStream(address, connectMs);
    } catch (error) {
      expected(error);
      if (signal.aborted || probes.nowMs() >= waitUntilMs) return undefined;
      await probes.pause(signal);
    }
  }
}

/** The other pod connects to this one: which source this node sees. */
async function testBack(
  probes: StreamProbes,
  { pod, address, talk }: AskResponderOptions & { readonly talk: Talk },
): Promise<TestResult> {
  const arrival = Promise.withResolvers<string | undefined>();
  using server = probes.listen(pod.toString(), (stream) => {
    arrival.resolve(plainAddress(stream.remoteAddress));
    stream[Symbol.dispose]();
  });
  const answer = await orStalled(async () => {
    await talk.say({ ask: "connect", port: server.port });
    return await talk.answer();
  });
  // The other end may have its connection before this one does.
  if (answer === undefined || answer.failed !== undefined) arrival.resolve(undefined);
  AbortSignal.timeout(connectMs).addEventListener("abort", () => arrival.resolve(undefined));
  const from = await arrival.promise;
  if (from === undefined) return { outcome: "failed", detail: answer?.failed ?? "its pod does not reach this one" };
  return from === plainAddress(address)
    ? { outcome: "ok", detail: `its pod reaches this one, as ${from}` }
    : { outcome: "failed", detail: `its pod reaches this one as ${from}, not as ${address}` };
}

async function testTransfer(probes: StreamProbes, talk: Talk): Promise<TestResult> {
  const rates: string[] = [];
  for (const way of ["take", "give"] as const) {
    const startMs = probes.nowMs();
    const hasArrived = await orStalled(() => passes(talk, way, transferBytes));
    const there = way === "take" ? "there" : "here";
    const size = `${transferBytes >> 20} MiB`;
    if (hasArrived === undefined) {
      return { outcome: "failed", detail: `${size} by TCP do not come through on the way ${there}: the stream stalls` };
    }
    if (!hasArrived) return { outcome: "failed", detail: `${size} by TCP are changed on the way ${there}` };
    rates.push(rate(transferBytes, probes.nowMs() - startMs));
  }
  return { outcome: "ok", detail: `${transferBytes >> 20} MiB each way, unchanged (${rates.join(" there, ")} back)` };
}

/** Whether what arrived is what was sent. */
async function passes(talk: Talk, way: "take" | "give", bytes: number): Promise<boolean> {
  await talk.say({ ask: way, bytes });
  const own = way === "take" ? await talk.send(bytes) : await talk.receive(bytes);
  return (await talk.answer()).sha256 === own;
}

async function testStreams(probes: StreamProbes, talk: Talk): Promise<TestResult> {
  const rates: string[] = [];
  for (const way of ["take", "give"] as const) {
    const startMs = probes.nowMs();
    let bytes = 0;
    while (probes.nowMs() - startMs < perfMs) {
      if ((await orStalled(() => passes(talk, way, perfBytes))) !== true)
        return { outcome: "failed", detail: `the stream stalls after ${bytes >> 20} MiB` };
      bytes += perfBytes;
    }
    rates.push(rate(bytes, probes.nowMs() - startMs));
  }
  return { outcome: "ok", detail: `${rates.join(" there, ")} back (TCP)` };
}

function rate(bytes: number, ms: number): string {
  return `${((bytes * 8) / Math.max(ms, 1) / 1000).toFixed(0)} Mbit/s`;
}

/** Undefined when the stream stalls or ends. */
async function orStalled<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    expected(error);
    return undefined;
  }
}
