import { expect, test } from "bun:test";
import { createSetting } from "./latest.ts";

test("createSetting() tells who waits of another value, not of the same", async () => {
  const setting = createSetting<string | undefined>("a");
  const stop = new AbortController();
  let told = false;
  const changed = setting.changedFrom("a", stop.signal).then(() => {
    told = true;
  });
  setting.set("a");
  await Promise.resolve();
  expect(told).toBe(false);
  setting.set("b");
  await changed;
  expect(setting.value).toBe("b");
  await setting.changedFrom("a", stop.signal);
});

test("createSetting() lets who waits go when the signal aborts", async () => {
  const stop = new AbortController();
  const changed = createSetting(1).changedFrom(1, stop.signal);
  stop.abort();
  await changed;
});
