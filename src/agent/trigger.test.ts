import { describe, expect, test } from "bun:test";
import { fakeClock } from "../sys/testing.ts";
import { createWakeups } from "./trigger.ts";

const create = () => {
  const clock = fakeClock();
  return { clock, wakeups: createWakeups(clock), stop: new AbortController() };
};

describe("createWakeups()", () => {
  test("gathers a burst into one pass, at the earliest wish", async () => {
    const { clock, wakeups, stop } = create();
    const next = wakeups.next(30_000, stop.signal);
    wakeups.wake("leases", 1000);
    await clock.advance(100);
    wakeups.wake("conflist", 50);
    wakeups.wake("conflist", 50);
    await clock.advance(50);
    expect(await next).toEqual(["leases", "conflist"]);
  });

  test("keeps what was said while nobody waited", async () => {
    const { wakeups, stop } = create();
    wakeups.wake("start", 0);
    expect(await wakeups.next(30_000, stop.signal)).toEqual(["start"]);
  });

  test("looks by itself after the idle time, and starts over", async () => {
    const { clock, wakeups, stop } = create();
    for (let turn = 0; turn < 2; turn++) {
      const next = wakeups.next(30_000, stop.signal);
      await clock.advance(30_000);
      expect(await next).toEqual(["timer"]);
    }
    expect(clock.sleeping).toBe(0);
  });

  test("ends at once when it shall stop", async () => {
    const { clock, wakeups, stop } = create();
    const next = wakeups.next(30_000, stop.signal);
    stop.abort();
    expect(await next).toEqual(["timer"]);
    expect(clock.sleeping).toBe(0);
  });
});
