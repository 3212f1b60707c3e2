import { expect, test } from "bun:test";
import { afterRepair, calmPace, paceAt, type RepairPace, waitBeforeRepairMs } from "./repair-pace.ts";

/** Repairs as soon as allowed whenever something breaks at once again; the times of the repairs. */
function fight(untilMs: number): { times: number[]; pace: RepairPace } {
  let pace = calmPace;
  const times: number[] = [];
  for (let nowMs = 0; nowMs < untilMs; nowMs += 100) {
    pace = paceAt(pace, nowMs);
    if (waitBeforeRepairMs(pace, nowMs) > 0) continue;
    pace = afterRepair(pace, nowMs);
    times.push(nowMs);
  }
  return { times, pace };
}

test("waitBeforeRepairMs() lets the first repairs happen at once and then slows down to one in 32 s", () => {
  const { times } = fight(160_000);
  const gaps = times.slice(1).map((at, index) => at - (times[index] ?? 0));
  expect(gaps.slice(0, 20)).toEqual(new Array(20).fill(100));
  expect(gaps.slice(20)).toEqual([2000, 4000, 8000, 16_000, 32_000, 32_000, 32_000]);
});

test("paceAt() forgets a fight after a minute of peace", () => {
  const { times, pace } = fight(20_000);
  const last = times.at(-1) ?? 0;
  expect(paceAt(pace, last + 59_000).level).toBeGreaterThan(0);
  expect(paceAt(pace, last + 60_000)).toEqual(calmPace);
});

test("afterRepair() takes a repair every ten seconds for no fight", () => {
  let pace = calmPace;
  for (let nowMs = 0; nowMs < 600_000; nowMs += 10_000) pace = afterRepair(pace, nowMs);
  expect(pace.level).toBe(0);
});
