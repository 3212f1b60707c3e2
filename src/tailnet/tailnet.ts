// The tailnet as this node's tailscaled tells it: what the tailscale agent publishes and other agents read. Pure types.

import type { Addr } from "../cidr/addr.ts";
import type { Prefix } from "../cidr/prefix.ts";

export interface TailnetNode {
  /** The node's id at the control server, as text. */
  readonly id: string;
  /** The first label of its DNS name, else its host name in lower case. */
  readonly name: string;
  /** Its own addresses on the tailnet, IPv4 first. */
  readonly addresses: readonly Addr[];
  /**
   * Approved routes the node serves now, without its own addresses. Of `self` they are no proof: Headscale from 0.29 on tells a node
   * of its own routes late or never.
   */
  readonly primaryRoutes: readonly Prefix[];
  /** `tag:…` */
  readonly tags: readonly string[];
  /** Whether the control server counts it as online. */
  readonly isOnline: boolean;
}

export type TailnetPath =
  | { readonly kind: "direct"; readonly endpoint: string }
  | { readonly kind: "relay"; readonly relay: string }
  /** Nothing has been sent there for a while. */
  | { readonly kind: "unknown" };

export interface TailnetPeer extends TailnetNode {
  readonly path: TailnetPath;
  /** What it offers to serve, approved or not, also while it is offline; undefined: not known yet. */
  readonly advertisedRoutes: readonly Prefix[] | undefined;
}

export interface TailnetSelf extends TailnetNode {
  /** What it offers to serve, approved or not, of other programs too. */
  readonly advertisedRoutes: readonly Prefix[];
  /** What of it the control server has shown in this node's own network map; undefined: not known. It may never do so. */
  readonly acknowledgedRoutes?: readonly Prefix[] | undefined;
}

export type Tailnet =
  /** There is no network map to go by; `why` is a sentence without a period. */
  | { readonly kind: "stopped" | "needs-login" | "starting"; readonly why: string }
  /** `isExpected`: the configuration, or an earlier daemon's record, speaks of a tailscaled. */
  | { readonly kind: "absent"; readonly why: string; readonly isExpected: boolean }
  /** `offline`: there is a network map, but the control server does not count this node as online; pods may still talk. */
  | {
      readonly kind: "ready" | "offline";
      readonly self: TailnetSelf;
      readonly peers: readonly TailnetPeer[];
      /** When the network map with what all offer was read; monotonic milliseconds, told only while a claim hangs on it. */
      readonly mapReadMs?: number | undefined;
    };
