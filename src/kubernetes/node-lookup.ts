// What the daemon knows of this node's Node object: the value that agents share. Pure.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";

export type NodeObjectLookup =
  /** The configuration does not want it asked for. */
  | { readonly kind: "off" }
  /** The API server has answered: these are the node's. */
  | { readonly kind: "assigned"; readonly podCIDRs: PodCIDRs; readonly server: string; readonly fetchedAtMs: number }
  /** The API server has answered, and has no PodCIDR for this node, or no Node of this name, yet. */
  | { readonly kind: "unassigned"; readonly why: string; readonly server: string }
  /** It could not be asked, or refused; `why` is a sentence. It is asked again. */
  | { readonly kind: "failed"; readonly why: string; readonly hint: string | undefined; readonly isRefused: boolean };
