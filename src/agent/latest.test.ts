import { expect, test } from "bun:test";
import { createLatest, firstValue } from "./latest.ts";

test("createLatest() wakes those that wait at another value, not at the same", async () => {
  const latest = createLatest<string | undefined>("a");
  const stop = new AbortController();
  let woken = false;
  const changed = latest.changed("a", stop.signal).then(() => {
    woken = true;
  });
  latest.set("a");
  await Promise.resolve();
  expect(woken).toBe(false);
  latest.set("b");
  await changed;
  expect(latest.value).toBe("b");
  await latest.changed("a", stop.signal);
});

test("createLatest() lets those that wait go when the signal aborts", async () => {
  const stop = new AbortController();
  const changed = createLatest(1).changed(1, stop.signal);
  stop.abort();
  await changed;
});

test("firstValue() waits for a value, or for the end", async () => {
  const latest = createLatest<number | undefined>(undefined);
  const stop = new AbortController();
  const first = firstValue(latest, stop.signal);
  latest.set(7);
  expect(await first).toBe(7);
  const never = firstValue(createLatest<number | undefined>(undefined), stop.signal);
  stop.abort();
  expect(await never).toBeUndefined();
});
