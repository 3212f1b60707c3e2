// What the outcomes of packets become in the report.

import { describe, expect, test } from "bun:test";
import { parseAddr } from "../../cidr/addr.ts";
import { HeadcniError } from "../../sys/errors.ts";
import type { EchoOutcome } from "../../sys/net/icmp-echo.ts";
import { sourceInConntrack } from "./connectivity.ts";
import { type PodProbes, testPeer } from "./test-peer.ts";

const answered = { kind: "answered", isRefused: true, rttMs: 1.25 } as const;
const probes = (parts: Partial<PodProbes> = {}): PodProbes => ({
  connect: async () => answered,
  echo: async () => ({ kind: "answered", rttMs: 1 }),
  sourceOf: () => "10.244.1.5",
  connectStream: async () => {
    throw new HeadcniError("HC_STREAM", "Nothing answers");
  },
  listen: () => {
    throw new Error("Nothing is to listen");
  },
  nowMs: () => 0,
  pause: async () => undefined,
  ...parts,
});
const options = {
  pod: parseAddr("10.244.1.5"),
  gateway: parseAddr("10.244.2.1"),
  tailnet: parseAddr("100.64.0.2"),
  node: "node-2",
  responder: parseAddr("10.244.2.254"),
  mtuBytes: 1280,
  isPerf: false,
};
const results = async (parts: Partial<PodProbes>) => testPeer(probes(parts), options, new AbortController().signal);
const echoUpTo =
  (bytes: number, otherwise: EchoOutcome["kind"]) =>
  async (_to: string, size: number): Promise<EchoOutcome> =>
    size <= bytes ? { kind: "answered", rttMs: 1 } : ({ kind: otherwise } as EchoOutcome);

test("all is well", async () => {
  const { gateway, tailnetAddress, source, mtu, latency, throughput } = await results({});
  expect([gateway, tailnetAddress, source, mtu, latency].map(({ outcome }) => outcome)).toEqual(Array(5).fill("ok"));
  expect(latency.detail).toBe("1.3 ms / 1.3 ms / 1.3 ms");
  expect(throughput.outcome).toBe("not-checked");
});

test.each<[string, Partial<PodProbes>, string, string]>([
  ["silence", { connect: async () => ({ kind: "silent" }) }, "gateway", "failed: no answer"],
  ["no route", { connect: async () => ({ kind: "no-route" }) }, "gateway", "failed: no route to it"],
  [
    "another source",
    { sourceOf: () => "100.64.0.1" },
    "source",
    "failed: leaves this node as 100.64.0.1, not as 10.244.1.5",
  ],
  ["an unknown source", { sourceOf: () => undefined }, "source", "not-checked: the kernel does not show"],
  ["a smaller way", { echo: echoUpTo(1200, "silent") }, "mtu", "failed: 84 bytes come back, 1280 unfragmented do not"],
  [
    "a smaller device",
    { echo: echoUpTo(1200, "too-large") },
    "mtu",
    "failed: a device of this node takes no 1280 bytes",
  ],
  ["no echo at all", { echo: async () => ({ kind: "silent" }) }, "mtu", "not-checked: no ICMP echo comes back"],
  [
    "another user than root",
    { echo: async () => ({ kind: "refused" }) },
    "mtu",
    "not-checked: raw sockets are refused",
  ],
])("%s is told", async (_name, parts, what, said) => {
  const found = await results(parts);
  const { outcome, detail } = found[what as keyof typeof found];
  expect(`${outcome}: ${detail}`).toStartWith(said);
});

test("without a responder the throughput is that of echoes that come back", async () => {
  let nowMs = 0;
  let echoes = 0;
  const parts: Partial<PodProbes> = {
    nowMs: () => nowMs,
    echo: async () => {
      nowMs += 100;
      echoes += 1;
      return echoes % 10 === 0 ? { kind: "silent" } : { kind: "answered", rttMs: 1 };
    },
  };
  const { throughput } = await testPeer(probes(parts), { ...options, isPerf: true }, new AbortController().signal);
  expect(throughput).toEqual({
    outcome: "ok",
    detail: expect.stringMatching(/^at least 0\.1 Mbit\/s each way \(ICMP\), \d of \d\d lost$/),
  });
});

test("a responder that is asked for, and is not there, is a failure", async () => {
  const asked = await testPeer(probes(), { ...options, waitUntilMs: 0 }, new AbortController().signal);
  const { back, transfer } = await results({});
  expect([asked.back, asked.transfer].map(({ outcome }) => outcome)).toEqual(["failed", "failed"]);
  expect([back, transfer].map(({ outcome }) => outcome)).toEqual(["not-checked", "not-checked"]);
  expect(asked.back.detail).toContain("run headcni connectivity serve on node-2");
});

describe("sourceInConntrack()", () => {
  const line = (reply: string): string =>
    `ipv4     2 icmp     1 29 src=10.244.1.5 dst=10.244.2.1 type=8 code=0 id=7 src=10.244.2.1 dst=${reply} type=0 code=0 id=7 mark=0 use=1`;
  test.each(["10.244.1.5", "100.64.0.1"])("is what the answer is sent to: %s", (source) => {
    expect(sourceInConntrack(`${line("192.0.2.1")}\n${line(source)}\n`, "10.244.1.5", "10.244.2.1")).toBe(source);
  });
  test("is unknown where nothing is shown, or only of others", () => {
    expect(sourceInConntrack("", "10.244.1.5", "10.244.2.1")).toBeUndefined();
    expect(sourceInConntrack(line("10.244.1.55"), "10.244.1.50", "10.244.2.1")).toBeUndefined();
  });
});
