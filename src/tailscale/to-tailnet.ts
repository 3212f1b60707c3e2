// The tailnet that follows from what tailscaled says of itself. Pure.

import { equalLists, sameItems } from "../cidr/equal-lists.ts";
import type { Prefix } from "../cidr/prefix.ts";
import type { Tailnet, TailnetNode, TailnetPath, TailnetPeer } from "../tailnet/tailnet.ts";
import type { OfferedRoutes } from "./local-api/local-api-schema.ts";
import type { StatusNode, TailscaleStatus } from "./local-api/tailscale-status.ts";

export interface ToTailnetOptions {
  /** What this node offers to serve. */
  readonly own: readonly Prefix[];
  /** What all offer, as the control server shows it. @default not known */
  readonly offered?: OfferedRoutes | undefined;
  /** When that was read, where something hangs on it. */
  readonly mapReadMs?: number | undefined;
}

/**
 * Which state this is. A node is ready when it has a network map, addresses and is online: tailscaled's own word for its state lags in
 * both directions.
 */
export function toTailnet(status: TailscaleStatus, { own, offered, mapReadMs }: ToTailnetOptions): Tailnet {
  const { backendState, self, peers, health } = status;
  const said = health.length === 0 ? "" : `: ${health.join("; ")}`;
  if (backendState === "Stopped") return { kind: "stopped", why: "tailscaled is stopped" };
  if (backendState === "NeedsLogin" || isFresh(status)) {
    return { kind: "needs-login", why: `tailscaled is not logged in${said}` };
  }
  if (backendState === "NeedsMachineAuth") {
    return { kind: "needs-login", why: "the control server has not approved this node yet" };
  }
  if (isReloginUnfinished(status)) {
    return { kind: "needs-login", why: "a login at the control server was begun anew and is not finished" };
  }
  if (self === undefined || !self.isInNetworkMap || self.addresses.length === 0) {
    return { kind: "starting", why: `tailscaled has no network map yet${said}` };
  }
  return {
    kind: self.isOnline ? "ready" : "offline",
    self: { ...toNode(self), advertisedRoutes: own, acknowledgedRoutes: offered?.self },
    peers: peers.map((peer) => toPeer(peer, offered?.peers.get(peer.id))),
    mapReadMs,
  };
}

/**
 * The same, one time after the other: a peer that is as it was is the same object again, and so is the whole, so that readers see by
 * comparing objects what has changed.
 */
export function createToTailnet(): typeof toTailnet {
  const made = new WeakMap<StatusNode, TailnetPeer>();
  let last: Tailnet | undefined;
  let lastPeers: ReadonlyMap<string, TailnetPeer> = new Map();

  const peerOf = (node: StatusNode, routes: readonly Prefix[] | undefined): TailnetPeer => {
    const known = made.get(node);
    if (known !== undefined && equalLists(known.advertisedRoutes, routes)) return known;
    const before = lastPeers.get(node.id);
    const next = toPeer(node, routes);
    const peer = before !== undefined && JSON.stringify(before) === JSON.stringify(next) ? before : next;
    made.set(node, peer);
    return peer;
  };

  return (status, options) => {
    const state = toTailnet({ ...status, peers: [] }, options);
    if (!("self" in state)) return state;
    const peers = status.peers.map((node) => peerOf(node, options.offered?.peers.get(node.id)));
    const isSame =
      last !== undefined &&
      "self" in last &&
      last.kind === state.kind &&
      last.mapReadMs === state.mapReadMs &&
      sameItems(last.peers, peers) &&
      JSON.stringify(last.self) === JSON.stringify(state.self);
    if (isSame && last !== undefined) return last;
    lastPeers = new Map(peers.map((peer) => [peer.id, peer]));
    last = { ...state, peers };
    return last;
  };
}

/** Whether it has never been told to log in. */
function isFresh({ backendState, hasNodeKey }: TailscaleStatus): boolean {
  return backendState === "NoState" && !hasNodeKey;
}

/**
 * Whether a node that was logged in has been told to log in anew, and nobody has yet. tailscaled goes on calling it running, with the
 * network map it had; to the control server it is gone, so that other nodes send it nothing any more.
 */
export function isReloginUnfinished({ backendState, isAskedToLogIn, self }: TailscaleStatus): boolean {
  return backendState === "Running" && isAskedToLogIn && self?.isOnline === false;
}

function toNode({ id, dnsName, hostName, addresses, primaryRoutes, tags, isOnline }: StatusNode): TailnetNode {
  const own = addresses.toSorted((a, b) => a.compare(b));
  const name = dnsName.split(".")[0] || hostName.toLowerCase();
  const routes = primaryRoutes.filter((route) => !own.some((addr) => route.addr.equals(addr)));
  return { id, name, addresses: own, primaryRoutes: routes, tags, isOnline };
}

function toPeer(peer: StatusNode, advertisedRoutes: readonly Prefix[] | undefined): TailnetPeer {
  return { ...toNode(peer), path: pathOf(peer), advertisedRoutes };
}

function pathOf({ currentAddress, relay, isActive }: StatusNode): TailnetPath {
  if (currentAddress !== "") return { kind: "direct", endpoint: currentAddress };
  // Every peer has a home relay: it is the path only when something goes there.
  return relay !== "" && isActive ? { kind: "relay", relay } : { kind: "unknown" };
}
