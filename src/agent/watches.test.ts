import { expect, test } from "bun:test";
import type { WatchDir } from "../sys/fs/watch.ts";
import { fakeClock, tempRoot, testSystem } from "../sys/testing.ts";
import { createTrigger } from "./trigger.ts";
import { createWatches, type WatchTarget } from "./watches.ts";

const target = (dir: string, names?: string[]): WatchTarget => ({
  dir,
  names: names === undefined ? undefined : new Set(names),
  withinMs: 50,
  isOutside: false,
});

test("createWatches() starts and stops only what differs, and passes over names that do not matter", async () => {
  using root = tempRoot();
  const clock = fakeClock();
  const open = new Map<string, (name: string | undefined) => void>();
  const watch: WatchDir = (path, onChange, signal) => {
    expect(open.has(path)).toBe(false);
    open.set(path, onChange);
    signal.addEventListener("abort", () => open.delete(path));
  };
  const trigger = createTrigger(clock);
  const watches = createWatches(testSystem(root, { clock, watch }), trigger);
  watches.update([target("/a"), target("/b", ["x"])]);
  watches.update([target("/b", ["x"]), target("/c")]);
  expect([...open.keys()]).toEqual(["/b", "/c"]);
  open.get("/b")?.("y");
  open.get("/c")?.("y");
  const next = trigger.next(1000, new AbortController().signal);
  await clock.advance(50);
  expect(await next).toEqual(["/c"]);
  open.get("/b")?.(undefined);
  const then = trigger.next(1000, new AbortController().signal);
  await clock.advance(50);
  expect(await then).toEqual(["/b"]);
  watches.close();
  expect(open.size).toBe(0);
});
