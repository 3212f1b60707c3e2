// When the network map with what peers offer is asked for.

import { expect, test } from "bun:test";
import { fakeClock, tempRoot, testSystem } from "../sys/testing.ts";
import { connectLocalApi } from "./local-api/local-api.ts";
import { decodeStatus } from "./local-api/local-api-schema.ts";
import { createPeersRoutes } from "./peers-routes.ts";
import { fakePeer, fakeSocket, fakeTailscaled, readyStatus } from "./testing.ts";

test("peers' routes are read once in a while, and stay known while tailscaled does not say them", async () => {
  using root = tempRoot();
  await using fake = await fakeTailscaled(root);
  const clock = fakeClock();
  const system = testSystem(root, { clock });
  using api = await connectLocalApi(system, fakeSocket);
  const { signal } = new AbortController();
  const status = decodeStatus(readyStatus(fakePeer(2), fakePeer(3)));
  const reader = createPeersRoutes(system);
  const read = async () => {
    const { routes, retryAfterMs } = await reader.read(api, status, signal);
    return [routes?.get("2")?.join(), retryAfterMs];
  };
  fake.peersRoutes = { 2: ["10.244.2.0/24"] };
  expect(await read()).toEqual(["10.244.2.0/24", undefined]);
  fake.peersRoutes = { 2: ["10.244.7.0/24"] };
  await clock.advance(1000);
  expect(await read()).toEqual(["10.244.2.0/24", 9100]);
  await clock.advance(9100);
  expect(await read()).toEqual(["10.244.7.0/24", undefined]);
  fake.answer = () => ({ status: 500, body: "no" });
  await clock.advance(60_000);
  expect(await read()).toEqual(["10.244.7.0/24", undefined]);
});
