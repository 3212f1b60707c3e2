// What tailscaled had put into the kernel and something took away: it does not put this back itself. Read by the dataplane agent, mended
// by the tailscale agent. Pure types.

import type { Prefix } from "../cidr/prefix.ts";

export interface TailnetDamage {
  /** Whether its chains (`ts-forward`, …) are gone, which the host's firewall then drops pods' packets for. */
  readonly hasLostChains: boolean;
  /** Routes of peers that are gone from its table. */
  readonly lostRoutes: readonly Prefix[];
}
