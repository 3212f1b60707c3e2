// The turns of a thousand peers.

import { describe, expect, test } from "bun:test";
import { scheduleOf } from "./testing.ts";

describe("createSchedule()", () => {
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
});
