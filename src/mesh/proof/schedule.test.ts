import { describe, expect, test } from "bun:test";
import { scheduleOf } from "./testing.ts";

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

  test("waits for ever when there is nobody to ask", () => {
    const { schedule, targets } = scheduleOf(0);
    expect(schedule.next(targets)).toEqual([]);
    expect(schedule.pauseMs()).toBe(Number.POSITIVE_INFINITY);
  });
});
