// Ranges for private networks. Pure.

import { type Prefix, parsePrefix } from "./prefix.ts";

/** RFC 1918 and RFC 4193. */
const privateRanges = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"].map(parsePrefix);

/** Whether every address of it is a private one. */
export function isPrivate(prefix: Prefix): boolean {
  return privateRanges.some((range) => range.contains(prefix));
}
