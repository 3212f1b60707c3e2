import { describe, expect, test } from "bun:test";
import { fakeClock } from "../../sys/testing.ts";
import { createSchedule } from "./schedule.ts";

function scheduleOf(count: number) {
  const clock = fakeClock();
  const schedule = createSchedule({ clock, random: () => 0.5 });
  const targets = new Map(Array.from({ length: count }, (_, at) => [`n${at}`, { text: "a" }]));
  /** Asks whose turn it is for a while; how often each was asked, and the most that were asked at once. */
  const run = async (ms: number, isLive: (id: string) => boolean = () => true) => {
    const asked = new Map<string, number>();
    let most = 0;
    let steps = 0;
    const end = clock.monotonicMs() + ms;
    while (clock.monotonicMs() < end) {
      const ids = schedule.next(targets);
      steps += 1;
      most = Math.max(most, ids.length);
      for (const id of ids) {
        schedule.asked(id, isLive(id));
        asked.set(id, (asked.get(id) ?? 0) + 1);
      }
      await clock.advance(Math.min(schedule.pauseMs(), end - clock.monotonicMs()));
    }
    return { asked, most, steps, total: [...asked.values()].reduce((sum, times) => sum + times, 0) };
  };
  return { clock, schedule, targets, run };
}

describe("createSchedule()", () => {
  test("asks each of a few peers at once, then every minute", async () => {
    const { run } = scheduleOf(3);
    expect(await run(1000)).toMatchObject({ total: 3 });
    const { asked } = await run(600_000);
    for (const times of asked.values()) expect(times).toBe(10);
  });

  test("asks a silent one again soon, then less and less often", async () => {
    const { run } = scheduleOf(1);
    expect((await run(10_000, () => false)).total).toBeGreaterThanOrEqual(4);
    await run(120_000, () => false);
    const { total } = await run(600_000, () => false);
    expect(total).toBeGreaterThan(30);
    expect(total).toBeLessThan(60);
  });

  test("asks one whose target has changed at once, and no other", async () => {
    const { schedule, targets, run } = scheduleOf(3);
    await run(5000);
    targets.set("n1", { text: "b" });
    expect(schedule.next(targets)).toEqual(["n1"]);
  });

  test("asks everybody when it is told to", async () => {
    const { schedule, targets, run } = scheduleOf(3);
    await run(5000);
    expect(schedule.next(targets)).toEqual([]);
    schedule.restart();
    expect(schedule.next(targets)).toEqual(["n0", "n1", "n2"]);
  });

  test("forgets one that is gone, and asks one that comes", async () => {
    const { schedule, targets, run } = scheduleOf(2);
    await run(5000);
    targets.delete("n0");
    targets.set("n9", { text: "a" });
    expect(schedule.next(targets)).toEqual(["n9"]);
  });

  test("asks a thousand peers a few at a time, and in turn", async () => {
    const { run } = scheduleOf(1000);
    const start = await run(120_000);
    expect(start.most).toBe(8);
    expect(start.asked.size).toBe(1000);
    const { total, asked, steps } = await run(3_600_000);
    expect(total).toBeLessThan(2200);
    expect(steps).toBeLessThan(800);
    expect(asked.size).toBe(1000);
  });

  test("asks a thousand silent peers no more than forty a minute in the end", async () => {
    const { run } = scheduleOf(1000);
    await run(3_600_000, () => false);
    expect((await run(600_000, () => false)).total).toBeLessThan(1600);
  });

  test("waits for ever when there is nobody to ask", () => {
    const { schedule, targets } = scheduleOf(0);
    expect(schedule.next(targets)).toEqual([]);
    expect(schedule.pauseMs()).toBe(Number.POSITIVE_INFINITY);
  });
});
