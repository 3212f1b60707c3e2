import { describe, expect, test } from "bun:test";
import { createWakeups } from "../agent/trigger.ts";
import { waitUntil } from "../sys/testing.ts";
import { condition } from "./conditions.ts";
import { idleMs, reconcileLoop } from "./loop.ts";
import { type Passes, PassStopped } from "./pass.ts";
import type { PassReport } from "./report.ts";
import { type FakeNode, fakeNode } from "./testing.ts";

async function start(node: FakeNode, wrap: (passes: Passes) => Passes = (passes) => passes) {
  const passes = node.start();
  const stop = new AbortController();
  const first = await passes.run(["start"]);
  const wakeups = createWakeups(node.clock);
  const reports: PassReport[] = [];
  const onReport = (report: PassReport) => void reports.push(report);
  const loop = reconcileLoop(node.system, {
    passes: wrap(passes),
    wakeups,
    conditions: node.conditions,
    first,
    onReport,
  });
  const running = loop.run(stop.signal);
  return { loop, running, stop, reports, wakeups };
}

describe("reconcileLoop()", () => {
  test("looks once more after the watches are set, then by itself now and then", async () => {
    using node = fakeNode();
    const { running, stop, reports } = await start(node);
    await waitUntil("it has looked again", () => reports.length === 1 && node.clock.sleeping === 1);
    await node.clock.advance(idleMs.well);
    await waitUntil("it looks by itself", () => reports.length === 2);
    expect(reports.map(({ reasons }) => reasons)).toEqual([["start"], ["timer"]]);
    stop.abort();
    await running;
  });

  test("ends when a pass is stopped on its way", async () => {
    using node = fakeNode();
    const stopping = (passes: Passes): Passes => ({ ...passes, run: () => Promise.reject(new PassStopped()) });
    const { running, reports } = await start(node, stopping);
    await running;
    expect(reports).toEqual([]);
  });

  test("looks sooner while something waits to become well", async () => {
    using node = fakeNode();
    const { running, stop, reports } = await start(node);
    await waitUntil("it has looked again", () => reports.length === 1 && node.clock.sleeping === 1);
    node.conditions.set("server", [condition("ConflistNotWritten", { path: "/x", why: "y" })]);
    await node.clock.advance(idleMs.well);
    await waitUntil("it has looked", () => reports.length === 2 && node.clock.sleeping === 1);
    await node.clock.advance(idleMs.waiting);
    await waitUntil("it has looked sooner", () => reports.length === 3);
    stop.abort();
    await running;
  });

  test("hears of a change in the folders it watches", async () => {
    using node = fakeNode();
    const { running, stop, reports } = await start(node);
    await waitUntil("it has looked again", () => reports.length === 1 && node.clock.sleeping === 1);
    node.root.write("/etc/cni/net.d/00-other.conf", "{}");
    await waitUntil("it is moved aside", async () => {
      await node.clock.advance(50);
      return node.root.exists("/etc/cni/net.d/00-other.conf.headcni-aside");
    });
    stop.abort();
    await running;
  });

  test("stuck() tells a pass that hangs from one that is awaited", async () => {
    using node = fakeNode();
    const hang = Promise.withResolvers<PassReport>();
    const { loop, stop, running, wakeups } = await start(node, () => ({ run: () => hang.promise }));
    await node.clock.advance(59_000);
    expect(loop.stuck()).toBeUndefined();
    await node.clock.advance(2000);
    expect(loop.stuck()).toBe("the reconcile loop has been busy for 61 s");
    stop.abort();
    wakeups.wake("end", 0);
    hang.reject(new Error("over"));
    await expect(running).rejects.toThrow("over");
  });
});
