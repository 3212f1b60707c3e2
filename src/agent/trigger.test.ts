import { describe, expect, test } from "bun:test";
import { fakeClock } from "../sys/testing.ts";
import { createTrigger } from "./trigger.ts";

const create = () => {
  const clock = fakeClock();
  return { clock, trigger: createTrigger(clock), stop: new AbortController() };
};

describe("createTrigger()", () => {
  test("gathers a burst into one step, at the earliest time asked for", async () => {
    const { clock, trigger, stop } = create();
    const next = trigger.next(30_000, stop.signal);
    trigger.wake("leases", 1000);
    await clock.advance(100);
    trigger.wake("conflist", 50);
    trigger.wake("conflist", 50);
    await clock.advance(50);
    expect(await next).toEqual(["leases", "conflist"]);
  });

  test("keeps what was said while nobody waited", async () => {
    const { trigger, stop } = create();
    trigger.wake("start", 0);
    expect(await trigger.next(30_000, stop.signal)).toEqual(["start"]);
  });

  test("looks by itself after the idle time, and starts over", async () => {
    const { clock, trigger, stop } = create();
    for (let turn = 0; turn < 2; turn++) {
      const next = trigger.next(30_000, stop.signal);
      await clock.advance(30_000);
      expect(await next).toEqual(["timer"]);
    }
    expect(clock.sleeping).toBe(0);
  });

  test("ends at once when it shall stop", async () => {
    const { clock, trigger, stop } = create();
    const next = trigger.next(30_000, stop.signal);
    stop.abort();
    expect(await next).toEqual(["timer"]);
    expect(clock.sleeping).toBe(0);
  });
});
