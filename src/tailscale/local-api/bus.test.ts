// What is asked of the bus, by version, and that a mask which is refused is not asked for again.

import { expect, test } from "bun:test";
import { createLatest } from "../../agent/latest.ts";
import { fakeClock, tempRoot, testSystem, waitUntil } from "../../sys/testing.ts";
import { fakeTailscaled, readyStatus } from "../testing.ts";
import { busMask, followBus } from "./bus.ts";
import { connectLocalApi, type LocalApi } from "./local-api.ts";
import { compareVersions, plainVersion } from "./tailscale-version.ts";

test.each([
  ["1.102.3", 4230],
  ["1.104.0-t1-g2", 4230],
  ["1.102.3-ERR-BuildInfo", 4230],
  ["1.90.9", 4486],
  ["1.80.3-ERR-BuildInfo", 4486],
  ["unknown", 4230],
])("busMask(%p)", (version, mask) => {
  expect(busMask(version)).toBe(mask);
});

test.each([
  ["1.102.3", "1.80.0", 1],
  ["1.80.0-t1", "1.80.0", 0],
  ["1.79.9", "1.80.0", -1],
  ["1.80", "1.80.0", 0],
  ["v2.0.0", "1.80.0", 1],
  ["", "1.80.0", undefined],
  ["date.2026", "1.80.0", undefined],
])("compareVersions(%p, %p)", (a, b, sign) => {
  const order = compareVersions(a, b);
  expect(order === undefined ? undefined : Math.sign(order)).toBe(sign);
});

test("plainVersion()", () => {
  expect(["1.102.3-ERR-BuildInfo", "1.80", "x"].map(plainVersion)).toEqual(["1.102.3", "1.80.0", "x"]);
});

test("followBus() comes back after a cut, sooner or later, and leaves a mask that is refused", async () => {
  using root = tempRoot();
  await using fake = await fakeTailscaled(root);
  fake.status = readyStatus();
  fake.answer = ({ path }) => (path.endsWith("mask=4230") ? { status: 400, body: "bad mask" } : undefined);
  const clock = fakeClock();
  const system = testSystem(root, { clock });
  const end = new AbortController();
  let changes = 0;
  const states: boolean[] = [];
  const following = followBus(
    system,
    {
      connection: createLatest<LocalApi | undefined>(await connectLocalApi(system, "/run/tailscale/tailscaled.sock")),
      changed: () => {
        changes += 1;
      },
      connected: (isConnected) => void states.push(isConnected),
      record: () => undefined,
    },
    end.signal,
  );
  await waitUntil("it pauses", () => states.length === 1);
  await clock.advance(500);
  await waitUntil("the other mask is open", () => fake.buses.length === 1);
  expect(fake.buses).toEqual([4486]);
  await waitUntil("its first message came", () => states.at(-1) === true);
  const before = changes;
  fake.notify();
  await waitUntil("a message is heard", () => changes > before);
  fake.cutBuses();
  await waitUntil("the cut is noticed", () => states.at(-1) === false);
  await clock.advance(500);
  await waitUntil("it is open again", () => fake.buses.length === 1);
  end.abort();
  await following;
});
