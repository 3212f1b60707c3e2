// Ranges that are too broad to be anybody's: every address there is, and what no private network has. Pure.

import type { Prefix } from "./prefix.ts";

/** The shortest length of a private range: 10.0.0.0/8 (RFC 1918) and fc00::/7 (RFC 4193). */
export const shortestBits = { ipv4: 8, ipv6: 7 } as const;

/**
 * Why a range can belong to no node and no cluster, as the end of a sentence that begins with the range; undefined when it can. What is
 * cut out of such a range would be public addresses.
 */
export function whyTooBroad({ family, bits }: Prefix): string | undefined {
  if (bits === 0) return "is every address there is";
  return bits < shortestBits[family] ? `is larger than any private range (/${shortestBits[family]})` : undefined;
}
