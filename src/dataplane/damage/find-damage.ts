// Finds what tailscaled has in the kernel and something took away, also before this daemon began. What a tailscaled never had (another
// netfilter mode, no IPv6) is not lost: a family counts where its device has an address of it, and whether its prefs want chains and
// routes at all is asked where they are mended.

import type { Addr, Family } from "../../cidr/addr.ts";
import type { Prefix } from "../../cidr/prefix.ts";
import type { Device } from "../../kernel/devices.ts";
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

/** A node that serves its PodCIDRs now: tailscaled has routes for both. */
export interface ServingPeer {
  readonly podCIDRs: readonly Prefix[];
  readonly addresses: readonly Addr[];
}

export interface DamageInput {
  /** Of each chain there is; undefined: they were not looked at. */
  readonly forward: readonly ForwardListing[] | undefined;
  readonly serving: readonly ServingPeer[];
  /** tailscaled's; undefined: there is none. */
  readonly device: Device | undefined;
}

/** The function keeps what it has seen. */
export function createDamageFinder(): (system: System, input: DamageInput) => Promise<TailnetDamage> {
  /** Of which families tailscaled has had chains: a flush of everything leaves no chain to look into. */
  const seenChains = new Set<Family>();
  let lostChains: ReadonlySet<Family> = new Set();
  return async (system, { forward, serving, device }) => {
    const inUse = new Set(
      device?.addresses.flatMap(({ address, scope }) => (scope === "link" ? [] : [address.family])),
    );
    if (forward !== undefined) {
      const found = new Set(forward.flatMap(({ family, text }) => (text.includes("-j ts-forward") ? [family] : [])));
      const expected = [...seenChains, ...forward.map(({ family }) => family)];
      lostChains = new Set(expected.filter((family) => !found.has(family)));
      for (const family of found) seenChains.add(family);
    }
    const routes = inUse.size === 0 ? undefined : await readTable(system);
    const isLost = ({ family }: { readonly family: Family }): boolean => routes !== undefined && inUse.has(family);
    const there = new Set(routes?.map(String));
    const podCIDRs = serving.flatMap((peer) => peer.podCIDRs);
    return {
      hasLostChains: [...lostChains].some((family) => inUse.has(family)),
      lostRoutes: podCIDRs.filter((route) => isLost(route) && !there.has(String(route))),
      lostAddresses: serving
        .flatMap(({ addresses }) => addresses)
        .filter((addr) => isLost(addr) && !there.has(`${addr}/${addr.family === "ipv4" ? 32 : 128}`))
        // One route around all of them is what some control servers ask for.
        .filter((addr) => routes?.some((route) => route.containsAddr(addr)) !== true),
    };
  };
}

/** The destinations in tailscaled's table; undefined when it cannot be looked at. */
async function readTable(system: System): Promise<readonly Prefix[] | undefined> {
  const found = await Promise.all(
    Object.entries(families).map(async ([flag, family]) => {
      const asked = await askIp(system, `${flag} route show table ${tailscaleTable}`);
      // A table without a route is none.
      if (asked.kind === "fault") return /does not exist|not supported/i.test(asked.why) ? [] : undefined;
      const parsed = parseRoutes(asked.value, family);
      return parsed.kind === "ok" ? parsed.value.map(({ destination }) => destination) : undefined;
    }),
  );
  const known = found.filter((each) => each !== undefined);
  return known.length === found.length ? known.flat() : undefined;
}
