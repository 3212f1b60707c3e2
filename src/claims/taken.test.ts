// What is remembered of others, and what of it a guess passes over.

import { expect, test } from "bun:test";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { TailnetPeer } from "../tailnet/tailnet.ts";
import { findClaimConflicts } from "./claim-conflicts.ts";
import { peerClaims, rememberPeers, takenRanges } from "./taken.ts";

const hourMs = 3600_000;
const prefixes = (text: string) => (text === "" ? [] : text.split(",").map(parsePrefix));

function peer(id: string, offers: string, isOnline = true, serves = ""): TailnetPeer {
  const named = { id, name: `n${id}`, addresses: [], tags: [], path: { kind: "unknown" } as const };
  return { ...named, isOnline, primaryRoutes: prefixes(serves), advertisedRoutes: prefixes(offers) };
}

test("a node that is away is stale after a day, one that is gone forgotten after a month", () => {
  let known = rememberPeers([], [peer("2", "10.244.2.0/24"), peer("3", "10.244.3.0/24"), peer("4", "")], 0);
  const shown = (nowMs: number) =>
    takenRanges(known, undefined, nowMs).map(
      ({ range, node, isStale }) => `${node} ${range}${isStale ? " stale" : ""}`,
    );
  expect(shown(0)).toEqual(["n2 10.244.2.0/24", "n3 10.244.3.0/24"]);
  known = rememberPeers(known, [peer("2", "10.244.2.0/24", false)], 25 * hourMs);
  expect(shown(25 * hourMs).toSorted()).toEqual(["n2 10.244.2.0/24 stale", "n3 10.244.3.0/24 stale"]);
  known = rememberPeers(known, [peer("2", "10.244.2.0/24")], 26 * hourMs);
  expect(shown(26 * hourMs)).toEqual(["n2 10.244.2.0/24", "n3 10.244.3.0/24 stale"]);
  known = rememberPeers(known, [peer("2", "10.244.2.0/24")], 31 * 24 * hourMs);
  expect(shown(31 * 24 * hourMs)).toEqual(["n2 10.244.2.0/24"]);
});

test("what a node had to withdraw stays known until it offers something else", () => {
  let known = rememberPeers([], [peer("2", "10.244.2.0/24")], 0);
  known = rememberPeers(known, [peer("2", "")], 1);
  expect(known).toMatchObject([{ id: "2", hasWithdrawn: true }]);
  const conflicts = (peers: readonly TailnetPeer[]) => {
    const map = { selfId: "10", peers: peerClaims(peers, known, 2) };
    const found = findClaimConflicts(map, {
      podCIDRs: parsePodCIDRs("10.244.2.0/24"),
      bases: [parsePrefix("10.244.0.0/16")],
    });
    return found.map(({ name, does, isFirst }) => `${name} ${does}${isFirst ? " first" : ""}`);
  };
  expect(conflicts([peer("2", "")])).toEqual(["n2 offered first"]);
  // Those that serve stand first; what is around the whole range takes no block; ids count up.
  expect(
    conflicts([
      peer("2", ""),
      peer("9", "10.244.2.0/25"),
      peer("11", "", true, "10.244.0.0/17"),
      peer("12", "10.0.0.0/8,0.0.0.0/0"),
    ]),
  ).toEqual(["n11 serves", "n9 offers first", "n2 offered first"]);
  known = rememberPeers(known, [peer("2", "10.244.7.0/24")], 2);
  expect(conflicts([peer("2", "10.244.7.0/24")])).toEqual([]);
});

test("what this node lays claim to is the claim's to judge", () => {
  const known = rememberPeers([], [peer("2", "10.244.2.0/24,fd00:244:0:2::/64"), peer("3", "10.244.3.0/24")], 0);
  const own = parsePodCIDRs("10.244.2.0/24,fd00:244:0:2::/64");
  expect(takenRanges(known, own, 0).map(({ node }) => node)).toEqual(["n3"]);
});
