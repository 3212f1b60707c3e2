// When the network map with what peers offer is asked for.

import { expect, test } from "bun:test";
import { fakeClock, tempRoot, testSystem } from "../sys/testing.ts";
import { connectLocalApi } from "./local-api/local-api.ts";
import { createPeersRoutes, type ReadPeersRoutesOptions } from "./peers-routes.ts";
import { fakeSocket, fakeTailscaled } from "./testing.ts";

test("peers' routes are read once in a while, and stay known while tailscaled does not say them", async () => {
  using root = tempRoot();
  await using fake = await fakeTailscaled(root);
  const clock = fakeClock();
  const system = testSystem(root, { clock });
  using api = await connectLocalApi(system, fakeSocket);
  const { signal } = new AbortController();
  const reader = createPeersRoutes(system);
  const read = async (urgency: ReadPeersRoutesOptions["urgency"] = "usual") => {
    const { routes, retryAfterMs } = await reader.read(api, { peers: 2, urgency }, signal);
    return [routes?.peers.get("2")?.join(), retryAfterMs];
  };
  fake.peersRoutes = { 2: ["10.244.2.0/24"] };
  expect(await read()).toEqual(["10.244.2.0/24", undefined]);
  fake.peersRoutes = { 2: ["10.244.7.0/24"] };
  await clock.advance(1000);
  expect(await read()).toEqual(["10.244.2.0/24", 3100]);
  await clock.advance(3100);
  expect(await read()).toEqual(["10.244.7.0/24", undefined]);
  fake.peersRoutes = { 2: ["10.244.8.0/24"] };
  await clock.advance(400);
  expect(await read("close")).toEqual(["10.244.8.0/24", 1020]);
  fake.peersRoutes = { 2: ["10.244.7.0/24"] };
  await clock.advance(2000);
  expect(await read("close")).toEqual(["10.244.7.0/24", 1020]);
  fake.peersRoutes = { 2: ["10.244.9.0/24"] };
  await clock.advance(299_000);
  expect(await read("quiet")).toEqual(["10.244.7.0/24", undefined]);
  await clock.advance(2000);
  expect(await read("quiet")).toEqual(["10.244.9.0/24", undefined]);
  fake.answer = () => ({ status: 500, body: "no" });
  await clock.advance(60_000);
  expect(await read()).toEqual(["10.244.9.0/24", undefined]);
});
