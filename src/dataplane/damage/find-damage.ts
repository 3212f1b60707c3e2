// Finds what tailscaled had put into the kernel and something took away. Only what this daemon has seen there counts: a tailscaled that
// never had it (another netfilter mode, no IPv6) has lost nothing.

import type { Family } from "../../cidr/addr.ts";
import type { Prefix } from "../../cidr/prefix.ts";
import { askIp } from "../../kernel/ip.ts";
import { parseRoutes } from "../../kernel/routes.ts";
import type { System } from "../../sys/system.ts";
import type { TailnetDamage } from "../../tailnet/tailnet-damage.ts";

/** The table tailscaled keeps its peers' routes in. */
const tailscaleTable = 52;
const families: Readonly<Record<string, Family>> = { "-4": "ipv4", "-6": "ipv6" };

/** What `iptables -S FORWARD` printed, or `ip6tables`. */
export interface ForwardListing {
  readonly family: Family;
  readonly text: string;
}

export interface DamageInput {
  /** Of each chain there is; undefined: they were not looked at. */
  readonly forward: readonly ForwardListing[] | undefined;
  /** The other nodes' PodCIDRs. */
  readonly peers: readonly Prefix[];
}

/** The function keeps what it has seen. */
export function createDamageFinder(): (system: System, input: DamageInput) => Promise<TailnetDamage> {
  /** Of which families tailscaled has had chains. */
  const seenChains = new Set<Family>();
  let hasLostChains = false;
  let seen: ReadonlySet<string> = new Set();
  return async (system, { forward, peers }) => {
    if (forward !== undefined) {
      const found = new Set(forward.flatMap(({ family, text }) => (text.includes("-j ts-forward") ? [family] : [])));
      hasLostChains = [...seenChains].some((family) => !found.has(family));
      for (const family of found) seenChains.add(family);
    }
    const routes = await readTable(system);
    const lostRoutes =
      routes === undefined ? [] : peers.filter((peer) => seen.has(String(peer)) && !routes.has(String(peer)));
    // A peer that left and comes back later has to be seen anew.
    seen = new Set(peers.map(String).filter((peer) => routes?.has(peer) === true || seen.has(peer)));
    return { hasLostChains, lostRoutes };
  };
}

/** The destinations in tailscaled's table; undefined when it cannot be looked at. */
async function readTable(system: System): Promise<ReadonlySet<string> | undefined> {
  const found = await Promise.all(
    Object.entries(families).map(async ([flag, family]) => {
      const asked = await askIp(system, `${flag} route show table ${tailscaleTable}`);
      // A table without a route is none.
      if (asked.kind === "fault") return /does not exist|not supported/i.test(asked.why) ? [] : undefined;
      const parsed = parseRoutes(asked.value, family);
      return parsed.kind === "ok" ? parsed.value.map(({ destination }) => String(destination)) : undefined;
    }),
  );
  const known = found.filter((each) => each !== undefined);
  return known.length === found.length ? new Set(known.flat()) : undefined;
}
