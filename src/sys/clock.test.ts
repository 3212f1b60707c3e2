// The real clock's promises, and the fake one's.

import { describe, expect, test } from "bun:test";
import { realClock } from "./clock.ts";
import { fakeClock, waitUntil } from "./testing.ts";

describe("realClock.sleep()", () => {
  test("lasts at least as long as asked", async () => {
    const startedAt = realClock.monotonicMs();
    await realClock.sleep(20);
    expect(realClock.monotonicMs() - startedAt).toBeGreaterThanOrEqual(19);
  });

  test("ends at once when it is called off, before or meanwhile", async () => {
    await realClock.sleep(60_000, AbortSignal.abort());
    const calledOff = new AbortController();
    const sleeping = realClock.sleep(60_000, calledOff.signal);
    calledOff.abort();
    await sleeping;
  });

  test("of more than a timer can hold does not end at once", async () => {
    const calledOff = new AbortController();
    let isAwake = false;
    const sleeping = realClock.sleep(2 ** 40, calledOff.signal).then(() => {
      isAwake = true;
    });
    await realClock.sleep(20);
    expect(isAwake).toBe(false);
    calledOff.abort();
    await sleeping;
  });
});

test("realClock.now() is the wall clock", () => {
  expect(Math.abs(realClock.now() - Date.now())).toBeLessThan(1000);
});

describe("fakeClock()", () => {
  test("stands still until it is advanced, and wakes sleepers in order", async () => {
    const clock = fakeClock(1000);
    const woken: string[] = [];
    const sleep = (name: string, ms: number) => clock.sleep(ms).then(() => woken.push(`${name}@${clock.now()}`));
    void sleep("late", 50);
    void sleep("early", 10);
    expect([clock.now(), clock.monotonicMs(), clock.sleeping]).toEqual([1000, 0, 2]);
    await clock.advance(9);
    expect(woken).toEqual([]);
    await clock.advance(1);
    expect(woken).toEqual(["early@1010"]);
    await clock.advance(100);
    expect(woken).toEqual(["early@1010", "late@1050"]);
    expect([clock.now(), clock.sleeping]).toEqual([1110, 0]);
  });

  test("wakes one that goes to sleep again within the same advance", async () => {
    const clock = fakeClock(0);
    const ticks: number[] = [];
    void (async () => {
      for (let tick = 0; tick < 3; tick++) {
        await clock.sleep(10);
        ticks.push(clock.now());
      }
    })();
    await clock.advance(35);
    expect(ticks).toEqual([10, 20, 30]);
  });

  test("lets a sleep be called off", async () => {
    const clock = fakeClock();
    const calledOff = new AbortController();
    const sleeping = clock.sleep(10, calledOff.signal);
    calledOff.abort();
    await sleeping;
    await clock.sleep(10, calledOff.signal);
    expect(clock.sleeping).toBe(0);
  });
});

test("waitUntil() resolves when the condition holds and names what it waited for when it does not", async () => {
  let looks = 0;
  await waitUntil("third look", () => ++looks === 3);
  await expect(waitUntil("never", () => false, 20)).rejects.toThrow("Not within 20 ms: never");
});
