// What a disco ping tells: whether the other node's tailscaled answered, how soon, and by which path. Pure types.

import type { TailnetPath } from "../../tailnet/tailnet.ts";

export type PingAnswer =
  | { readonly kind: "answered"; readonly rttMs: number; readonly path: TailnetPath }
  | { readonly kind: "silent"; readonly why: string };
