// Answers of tailscaled as versions give them: what is missing, null or of another type is "not said".

import { expect, test } from "bun:test";
import type { JsonObject, JsonValue } from "../../sys/json.ts";
import { decodeOfferedRoutes, decodePing, decodePrefs, decodeStatus } from "./local-api-schema.ts";

const nothing = {
  version: "",
  hasTun: undefined,
  backendState: "",
  hasNodeKey: false,
  isAskedToLogIn: false,
  health: [],
  self: undefined,
  peers: [],
};

test.each<[string, JsonValue, object]>([
  ["an empty object", {}, nothing],
  ["nulls", { Health: null, Peer: null, Self: null, HaveNodeKey: null, TUN: null }, nothing],
  ["other types", { Version: 1, Health: "x", Peer: [], Self: "x", TUN: "yes", BackendState: {} }, nothing],
  [
    "a login that is waited for",
    { AuthURL: "https://hs.example.com/register/x" },
    { ...nothing, isAskedToLogIn: true },
  ],
  ["keys nobody knows", { Future: { a: 1 }, Version: "1.104.0" }, { ...nothing, version: "1.104.0" }],
])("decodeStatus() takes %s", (_name, json, expected) => {
  expect(decodeStatus(json)).toEqual(expected as never);
});

test("decodeStatus() drops what is no address or route, and a peer that is no object, alone", () => {
  const { self, peers } = decodeStatus({
    Self: { ID: "1", TailscaleIPs: ["100.64.0.1", "banana", "fd7a:115c:a1e0::1"], PrimaryRoutes: ["10.1.0.0/24", "x"] },
    Peer: { a: null, b: "x", c: { ID: "2", Online: true, PeerRelay: "100.64.0.9:1", Relay: "lab", Active: true } },
  });
  expect(self).toMatchObject({ id: "1" });
  expect(self?.addresses.map(String)).toEqual(["100.64.0.1", "fd7a:115c:a1e0::1"]);
  expect(self?.primaryRoutes.map(String)).toEqual(["10.1.0.0/24"]);
  expect(peers).toMatchObject([{ id: "2", isOnline: true, relay: "100.64.0.9:1", isActive: true }]);
});

test.each<[JsonValue, boolean | undefined]>([
  [true, true],
  [false, false],
  [null, undefined],
  ["true", undefined],
])("decodePrefs() takes NoStatefulFiltering %p", (value, expected) => {
  const { noStatefulFiltering, raw } = decodePrefs({ NoStatefulFiltering: value, Other: [1] });
  expect(noStatefulFiltering).toBe(expected);
  expect(raw).toEqual({ NoStatefulFiltering: value, Other: [1] });
});

test.each<[JsonObject, object]>([
  [{ Err: "no matching peer" }, { kind: "silent", why: "no matching peer" }],
  [
    { Err: "", LatencySeconds: 0.0015, Endpoint: "192.0.2.2:41641", DERPRegionCode: "fra" },
    { kind: "answered", rttMs: 1.5, path: { kind: "direct", endpoint: "192.0.2.2:41641" } },
  ],
  [
    { LatencySeconds: 0.1, DERPRegionCode: "fra" },
    { kind: "answered", rttMs: 100, path: { kind: "relay", relay: "fra" } },
  ],
  [{ Err: "" }, { kind: "answered", rttMs: 0, path: { kind: "unknown" } }],
])("decodePing() gives the path, or why there was no answer: %j", (json, answer) => {
  expect(decodePing(json)).toEqual(answer as never);
});

test.each([["text"], [null], [[]]])("%p is no answer", (json) => {
  expect(() => decodeStatus(json as JsonValue)).toThrow("it is no JSON object");
});

test.each<[string, JsonValue, object | undefined]>([
  ["no network map", { State: 6, NetMap: null }, undefined],
  ["one without peers", { NetMap: { Peers: null } }, {}],
  [
    "peers that offer nothing, or do not say",
    { NetMap: { Peers: [{ StableID: "2" }, { StableID: "3", Hostinfo: { RoutableIPs: null } }, null] } },
    { 2: [], 3: [] },
  ],
  [
    "routes, and what is none",
    { NetMap: { Peers: [{ ID: 2, StableID: "2", Hostinfo: { RoutableIPs: ["10.1.0.0/24", "x", "0.0.0.0/0"] } }] } },
    { 2: ["10.1.0.0/24", "0.0.0.0/0"] },
  ],
  [
    "this node's own",
    { NetMap: { SelfNode: { Hostinfo: { RoutableIPs: ["10.1.0.0/24"] } } } },
    { self: ["10.1.0.0/24"] },
  ],
  ["a node of its own that is none", { NetMap: { SelfNode: 7, Peers: [] } }, {}],
])("decodeOfferedRoutes() takes %s", (_name, line, expected) => {
  const offered = decodeOfferedRoutes(JSON.stringify(line));
  const peers = Object.fromEntries([...(offered?.peers ?? [])].map(([id, list]) => [id, list.map(String)]));
  expect(offered === undefined ? undefined : { ...peers, ...selfOf(offered.self) }).toEqual(expected as never);
});

function selfOf(routes: readonly unknown[] | undefined): object {
  return routes === undefined ? {} : { self: routes.map(String) };
}

test("decodeOfferedRoutes() refuses what is no JSON object", () => {
  expect(() => decodeOfferedRoutes("banana")).toThrow("no JSON object");
});
