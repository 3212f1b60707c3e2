import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { backoffMs, createBackoff } from "./backoff.ts";
import { fakeClock, seededRandom } from "./testing.ts";

const options = { firstMs: 100, maxMs: 1000 };

describe("backoffMs()", () => {
  test.each([
    [1, 0, 50],
    [1, 0.999_999, 100],
    [2, 0, 100],
    [4, 0.5, 600],
    [5, 0, 500],
    [5, 0.999_999, 1000],
    [5000, 0.999_999, 1000],
  ])("after %i failures and with random %d is %i ms", (failures, random, expected) => {
    expect(backoffMs(failures, options, () => random)).toBe(expected);
  });

  test("is between half of the doubled delay and all of it, and never above the cap", () => {
    const inputs = fc.record({
      failures: fc.integer({ min: 1, max: 2000 }),
      firstMs: fc.integer({ min: 1, max: 60_000 }),
      maxMs: fc.integer({ min: 1, max: 3_600_000 }),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(inputs, ({ failures, firstMs, maxMs, random }) => {
        const delayMs = backoffMs(failures, { firstMs, maxMs }, () => random);
        const longestMs = Math.min(maxMs, firstMs * 2 ** (failures - 1));
        expect(delayMs).toBeGreaterThanOrEqual(Math.floor(longestMs / 2));
        expect(delayMs).toBeLessThanOrEqual(longestMs);
      }),
    );
  });
});

describe("createBackoff()", () => {
  test("waits longer from failure to failure, and shortly again after a reset", () => {
    const backoff = createBackoff({ clock: fakeClock(), random: () => 0 }, options);
    expect([backoff.nextMs(), backoff.nextMs(), backoff.nextMs(), backoff.failures]).toEqual([50, 100, 200, 3]);
    backoff.reset();
    expect([backoff.failures, backoff.nextMs()]).toEqual([0, 50]);
  });

  test("spreads two nodes that failed at the same moment", () => {
    const delays = (seed: number): number[] => {
      const backoff = createBackoff({ clock: fakeClock(), random: seededRandom(seed) }, options);
      return [1, 2, 3].map(() => backoff.nextMs());
    };
    expect(delays(1)).toEqual(delays(1));
    expect(delays(1)).not.toEqual(delays(2));
  });

  test("wait() ends with its delay, or when it is called off", async () => {
    const clock = fakeClock();
    const backoff = createBackoff({ clock, random: () => 0 }, options);
    const stop = new AbortController();
    let ended = 0;
    const count = (): number => ended++;
    const first = backoff.wait(stop.signal).then(count);
    await clock.advance(49);
    expect(ended).toBe(0);
    await clock.advance(1);
    await first;
    const second = backoff.wait(stop.signal).then(count);
    stop.abort();
    await second;
    expect([ended, backoff.failures, clock.sleeping]).toEqual([2, 2, 0]);
  });
});
