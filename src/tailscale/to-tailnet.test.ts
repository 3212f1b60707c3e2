// The tailnet that follows from what tailscaled says, state by state.

import { expect, test } from "bun:test";
import { parsePrefix } from "../cidr/prefix.ts";
import type { JsonObject } from "../sys/json.ts";
import { decodeStatus } from "./local-api/local-api-schema.ts";
import { createStatusDecoder } from "./local-api/status-decoder.ts";
import { fakePeer, freshStatus, readyStatus } from "./testing.ts";
import { createToTailnet, toTailnet } from "./to-tailnet.ts";

const self = (parts: JsonObject) => ({ ...readyStatus(), Self: fakePeer(1, parts) });

test.each<[string, JsonObject, string]>([
  ["ready", readyStatus(), "ready"],
  ["ready, whatever it calls itself", { ...readyStatus(), BackendState: "Starting" }, "ready"],
  ["not online", self({ Online: false }), "offline"],
  ["not online, with a login begun", { ...self({ Online: false }), AuthURL: "https://hs/register/x" }, "needs-login"],
  ["online, with a login begun", { ...readyStatus(), AuthURL: "https://hs/register/x" }, "ready"],
  ["running, without a map", self({ InNetworkMap: false }), "starting"],
  ["running, without addresses", self({ TailscaleIPs: null }), "starting"],
  ["without itself", { ...readyStatus(), Self: null }, "starting"],
  ["never logged in", freshStatus, "needs-login"],
  ["never started", { ...freshStatus, BackendState: "NoState" }, "needs-login"],
  ["starting with a key", { ...freshStatus, BackendState: "NoState", HaveNodeKey: true }, "starting"],
  ["its key expired", { ...readyStatus(), BackendState: "NeedsLogin" }, "needs-login"],
  ["waiting for approval", { ...readyStatus(), BackendState: "NeedsMachineAuth" }, "needs-login"],
  ["stopped", { ...readyStatus(), BackendState: "Stopped" }, "stopped"],
])("%s", (_name, status, kind) => {
  expect(toTailnet(decodeStatus(status), { own: [] }).kind).toBe(kind as never);
});

test("names, addresses, routes and paths of peers", () => {
  const status = readyStatus(
    fakePeer(2, {
      TailscaleIPs: ["fd7a:115c:a1e0::2", "100.64.0.2"],
      PrimaryRoutes: ["10.244.2.0/24", "100.64.0.2/32"],
      CurAddr: "192.0.2.1:41641",
      Tags: ["tag:k8s-node"],
    }),
    fakePeer(3, { DNSName: "", Active: true, Online: false }),
    fakePeer(4),
  );
  const tailnet = toTailnet(decodeStatus(status), {
    own: [parsePrefix("10.244.1.0/24")],
    offered: {
      self: [parsePrefix("10.244.1.0/24")],
      peers: new Map([["2", [parsePrefix("10.244.9.0/24")]]]),
    },
    mapReadMs: 7,
  });
  if (!("self" in tailnet)) throw new Error("not ready");
  expect([tailnet.mapReadMs, tailnet.self.acknowledgedRoutes?.map(String)]).toEqual([7, ["10.244.1.0/24"]]);
  expect(tailnet.self.advertisedRoutes.map(String)).toEqual(["10.244.1.0/24"]);
  expect(JSON.parse(JSON.stringify(tailnet.peers))).toEqual([
    {
      id: "2",
      name: "node-2",
      addresses: ["100.64.0.2", "fd7a:115c:a1e0::2"],
      primaryRoutes: ["10.244.2.0/24"],
      tags: ["tag:k8s-node"],
      isOnline: true,
      path: { kind: "direct", endpoint: "192.0.2.1:41641" },
      advertisedRoutes: ["10.244.9.0/24"],
    },
    expect.objectContaining({ id: "3", name: "node-3", isOnline: false, path: { kind: "relay", relay: "lab" } }),
    expect.objectContaining({ id: "4", path: { kind: "unknown" } }),
  ]);
});

test("what is as it was is the same object, and the same as one that is made anew", () => {
  const decodeNext = createStatusDecoder();
  const toKnown = createToTailnet();
  const two = (parts: JsonObject = {}) => readyStatus(fakePeer(2, parts), fakePeer(3, { Relay: "fra" }));
  const routes = (text: string) => ({
    own: [],
    offered: { self: undefined, peers: new Map([["2", [parsePrefix(text)]]]) },
  });
  const take = (status: JsonObject, offered = "10.244.2.0/24") => {
    const next = toKnown(decodeNext(JSON.stringify(status)), routes(offered));
    expect(next).toEqual(toTailnet(decodeStatus(status), routes(offered)));
    return "self" in next ? next : undefined;
  };
  const first = take(two());
  expect(take(two({ RxBytes: 5, LastSeen: "2026-01-01T00:00:00Z" }))).toBe(first as never);
  // What it says is another thing, what follows from it is not.
  expect(take(two({ KeyExpiry: "2027-01-01T00:00:00Z", Active: true, Relay: "" }))).toBe(first as never);
  const moved = take(two({ PrimaryRoutes: ["10.244.2.0/24"] }));
  expect(moved?.peers[0]).not.toBe(first?.peers[0] as never);
  expect(moved?.peers[1]).toBe(first?.peers[1] as never);
  const offering = take(two({ PrimaryRoutes: ["10.244.2.0/24"] }), "10.244.7.0/24");
  expect(offering?.peers[0]).not.toBe(moved?.peers[0] as never);
  const alone = take(readyStatus(fakePeer(3, { Relay: "fra" })));
  expect(alone?.peers).toHaveLength(1);
  expect(alone?.peers[0]).toBe(first?.peers[1] as never);
  const away = { ...readyStatus(fakePeer(3, { Relay: "fra" })), Self: fakePeer(1, { Online: false }) };
  expect(take(away)?.kind).toBe("offline");
  const judged = [1000, 2000].map((mapReadMs) =>
    toKnown(decodeNext(JSON.stringify(away)), { ...routes("10.244.2.0/24"), mapReadMs }),
  );
  expect(judged).toMatchObject([{ mapReadMs: 1000 }, { mapReadMs: 2000 }]);
  expect(take({ ...away, BackendState: "Stopped" })).toBeUndefined();
});
