// What tailscaled has in the kernel and something took away: it does not put this back itself. Found by the dataplane agent from what the
// mesh expects there, mended by the tailscale agent. Pure types.

import type { Addr } from "../cidr/addr.ts";
import type { Prefix } from "../cidr/prefix.ts";

export interface TailnetDamage {
  /** Whether its chains (`ts-forward`, …) are gone, which the host's firewall then drops pods' packets for. */
  readonly hasLostChains: boolean;
  /** Routes of peers that are gone from its table. */
  readonly lostRoutes: readonly Prefix[];
  /** Addresses of peers for which its table has no route any more. */
  readonly lostAddresses: readonly Addr[];
}
