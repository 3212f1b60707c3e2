// What of the cluster's range others have: as the network map shows it, and as it is remembered of those that it does not show. Pure.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { TakenRange } from "../tailnet/claims-view.ts";
import type { TailnetPeer } from "../tailnet/tailnet.ts";
import type { PeerClaims } from "./claim-conflicts.ts";

/** A node of the tailnet as it was last seen. */
export interface RememberedPeer {
  readonly id: string;
  readonly name: string;
  readonly routes: readonly Prefix[];
  /** Whether it offers nothing now, and these are what it offered last. */
  readonly hasWithdrawn: boolean;
  /** Milliseconds since the epoch. */
  readonly lastSeenMs: number;
}

/** A node that was away for this long is not waited for where no other block is free. */
const staleMs = 24 * 3600_000;
/** A node that is in no network map any more is remembered for this long. */
const forgottenMs = 30 * staleMs;
const mostPeers = 1000;

/** What is to be remembered after a network map: all in it that offer something, and for a while those that are gone from it. */
export function rememberPeers(
  known: readonly RememberedPeer[],
  peers: readonly TailnetPeer[],
  nowMs: number,
): readonly RememberedPeer[] {
  const before = new Map(known.map((peer) => [peer.id, peer]));
  const present = peers.flatMap((peer): RememberedPeer[] => {
    const { id, name, isOnline } = peer;
    const last = before.get(id);
    before.delete(id);
    const offered = routesOf(peer);
    const hasWithdrawn = offered.length === 0;
    const routes = hasWithdrawn ? (last?.routes ?? []) : offered;
    if (routes.length === 0) return [];
    return [{ id, name, routes, hasWithdrawn, lastSeenMs: isOnline ? nowMs : (last?.lastSeenMs ?? nowMs) }];
  });
  const gone = [...before.values()].filter(({ lastSeenMs }) => nowMs - lastSeenMs < forgottenMs);
  return [...present, ...gone].toSorted((a, b) => b.lastSeenMs - a.lastSeenMs).slice(0, mostPeers);
}

/** What a peer has: what it offers, and what it serves as long as the former is not known. */
function routesOf({ primaryRoutes, advertisedRoutes = [] }: TailnetPeer): readonly Prefix[] {
  const more = primaryRoutes.filter((route) => !advertisedRoutes.some((other) => other.equals(route)));
  return [...advertisedRoutes, ...more];
}

/** Peers for a claim map: with whether they have been away for long. */
export function peerClaims(
  peers: readonly TailnetPeer[],
  known: readonly RememberedPeer[],
  nowMs: number,
): readonly PeerClaims[] {
  const seen = new Map(known.map((peer) => [peer.id, peer]));
  return peers.map(({ id, name, isOnline, primaryRoutes, advertisedRoutes = [] }) => {
    const last = seen.get(id);
    return {
      id,
      name,
      isOnline,
      isStale: !isOnline && nowMs - (last?.lastSeenMs ?? nowMs) >= staleMs,
      primaryRoutes,
      advertisedRoutes,
      withdrawnRoutes: last?.hasWithdrawn === true ? last.routes : [],
    };
  });
}

/**
 * Ranges a guess passes over.
 * @param own what this node has laid claim to: what others say to that is the claim's to decide
 */
export function takenRanges(
  known: readonly RememberedPeer[],
  own: PodCIDRs | undefined,
  nowMs: number,
): readonly TakenRange[] {
  const ranges = known.flatMap(({ name, routes, lastSeenMs }) =>
    routes
      .filter((range) => range.bits > 0 && own?.overlaps(range) !== true)
      .map((range) => ({ range: range.masked(), node: name, isStale: nowMs - lastSeenMs >= staleMs })),
  );
  // In an order that does not change with the time a node was last seen.
  return ranges.toSorted((a, b) => a.range.compare(b.range));
}
