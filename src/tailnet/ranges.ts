// The ranges Tailscale and Headscale give a tailnet's nodes addresses from. Pure.

import { type Prefix, parsePrefix } from "../cidr/prefix.ts";

export const tailnetRanges: readonly Prefix[] = ["100.64.0.0/10", "fd7a:115c:a1e0::/48"].map(parsePrefix);
