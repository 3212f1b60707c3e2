import { expect, test } from "bun:test";
import { createMetricRecorder, type MetricKind } from "./metrics.ts";

const writes: MetricKind = { name: "writes", type: "counter", help: "Writes", labelNames: ["reason"] };

test("createMetricRecorder() keeps what is counted before it is opened, once", () => {
  const recorder = createMetricRecorder();
  const received: unknown[] = [];
  recorder.record(writes, 1, { reason: "absent" });
  recorder.open((...recorded) => received.push(recorded));
  recorder.record(writes, 2);
  expect(received).toEqual([
    [writes, 1, { reason: "absent" }],
    [writes, 2],
  ]);
});
