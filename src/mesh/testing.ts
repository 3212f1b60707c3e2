// Tailnets and meshes for tests, written short.

import { parseAddr } from "../cidr/addr.ts";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { TailnetPeer, TailnetSelf } from "../tailnet/tailnet.ts";
import type { MeshInput, MeshNode } from "./mesh.ts";

const words = (text: string): string[] => text.split(/[\s,]+/).filter((word) => word !== "");

/** A peer that serves these routes. The number at the end of its name is its id and the end of its addresses. */
export function peerOf(name: string, routes = "", parts: Partial<TailnetPeer> = {}): TailnetPeer {
  const id = parts.id ?? /\d+$/.exec(name)?.[0] ?? "99";
  const addr = parseAddr("100.64.0.0").plus(BigInt(id)) ?? parseAddr("100.64.0.1");
  return {
    id,
    name,
    addresses: [addr, parseAddr(`fd7a:115c:a1e0::${id}`)],
    primaryRoutes: words(routes).map(parsePrefix),
    tags: [],
    isOnline: true,
    path: { kind: "unknown" },
    advertisedRoutes: words(routes).map(parsePrefix),
    ...parts,
  };
}

/** What the control server shows of a node that is away. */
export function offline(name: string, parts: Partial<TailnetPeer> = {}): TailnetPeer {
  return peerOf(name, "", { isOnline: false, ...parts });
}

export function selfOf(parts: Partial<TailnetSelf> = {}): TailnetSelf {
  const { path: _, ...node } = peerOf("node-1");
  return { ...node, advertisedRoutes: [], ...parts };
}

export interface MeshCase {
  readonly own?: string;
  readonly cluster?: string;
  readonly tags?: readonly string[];
  readonly previous?: readonly MeshNode[];
}

/** The input of a mesh: node-1 with 10.244.1.0/24 in a cluster of 10.244.0.0/16, unless the case says otherwise. */
export function inputOf(peers: readonly TailnetPeer[], parts: MeshCase = {}): MeshInput {
  const { own = "10.244.1.0/24", cluster = "10.244.0.0/16", tags = [], previous = [] } = parts;
  return {
    tailnet: { self: selfOf(), peers },
    own: parsePodCIDRs(own),
    clusterCIDRs: words(cluster).map(parsePrefix),
    nodeTags: tags,
    previous,
  };
}
