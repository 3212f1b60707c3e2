// The ranges Tailscale and Headscale give a tailnet's nodes addresses from. Pure.

import type { Family } from "../cidr/addr.ts";
import { type Prefix, parsePrefix } from "../cidr/prefix.ts";

/** One a family. */
export const tailnetRangeOf: Readonly<Record<Family, Prefix>> = {
  ipv4: parsePrefix("100.64.0.0/10"),
  ipv6: parsePrefix("fd7a:115c:a1e0::/48"),
};

export const tailnetRanges: readonly Prefix[] = Object.values(tailnetRangeOf);
