// What the page of /metrics says of states that are, are no more, and never were.

import { expect, test } from "bun:test";
import type { MetricKind } from "../agent/metrics.ts";
import { createMetricsRegistry } from "./registry.ts";

const expiry: MetricKind = { name: "expiry_timestamp_seconds", type: "gauge", help: "When" };
const up: MetricKind = { name: "peer_up", type: "gauge", help: "Up", labelNames: ["peer"] };
const writes: MetricKind = { name: "writes_total", type: "counter", help: "Writes", series: [{}] };
const kinds = [expiry, up, writes];

async function lines(
  registry: ReturnType<typeof createMetricsRegistry>,
  ...samples: Parameters<typeof registry.scrape>[0]
) {
  const { text } = await registry.scrape(samples);
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

test("a state that nothing tells of is missing, and not 0; what is counted begins with 0", async () => {
  expect(await lines(createMetricsRegistry(kinds))).toEqual(["writes_total 0"]);
});

test("a state that is no more is taken away, by label and as a whole; what was counted stays", async () => {
  const registry = createMetricsRegistry(kinds);
  registry.record(writes, 2);
  const peers = ["n2", "n3"].map((peer) => ({ kind: up, value: 1, labels: { peer } }));
  expect(await lines(registry, { kind: expiry, value: 7 }, ...peers)).toEqual([
    "expiry_timestamp_seconds 7",
    'peer_up{peer="n2"} 1',
    'peer_up{peer="n3"} 1',
    "writes_total 2",
  ]);
  expect(await lines(registry, ...peers.slice(1))).toEqual(['peer_up{peer="n3"} 1', "writes_total 2"]);
  expect(await lines(registry)).toEqual(["writes_total 2"]);
});
