// Finds what tailscaled has in the kernel and something took away, also before this daemon began. What a tailscaled never had (another
// netfilter mode, no IPv6) is not lost: a family counts where its device has an address of it, and whether its prefs want chains and
// routes at all is asked where they are mended.

import { type Addr, type Family, familyBits } from "../../cidr/addr.ts";
import { sameItems } from "../../cidr/equal-lists.ts";
import type { Prefix } from "../../cidr/prefix.ts";
import type { Device } from "../../kernel/devices.ts";
import { askIp } from "../../kernel/ip.ts";
import { type Destinations, parseDestinations } from "../../kernel/routes.ts";
import type { System } from "../../sys/system.ts";
import type { TailnetDamage } from "../../tailnet/tailnet-damage.ts";

/** The table tailscaled keeps its peers' routes in. */
const tailscaleTable = 52;
const families: readonly Family[] = ["ipv4", "ipv6"];

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
  const readTable = createTableReader();
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
    const isLost = (family: Family, route: string): boolean =>
      routes !== undefined && inUse.has(family) && !routes.there.some((destinations) => destinations.has(route));
    const podCIDRs = serving.flatMap((peer) => peer.podCIDRs);
    return {
      hasLostChains: [...lostChains].some((family) => inUse.has(family)),
      lostRoutes: podCIDRs.filter((route) => isLost(route.family, `${route}`)),
      lostAddresses: serving
        .flatMap(({ addresses }) => addresses)
        .filter((addr) => isLost(addr.family, `${addr}/${familyBits(addr.family)}`))
        // One route around all of them is what some control servers ask for.
        .filter((addr) => routes?.ranges.some((route) => route.containsAddr(addr)) !== true),
    };
  };
}

/** The destinations in tailscaled's table, of each family in turn. */
interface TableRoutes {
  readonly there: readonly Destinations[];
  /** Those of more than one address. */
  readonly ranges: readonly Prefix[];
}

/**
 * Undefined when the table cannot be looked at. What `ip` printed is read anew only when it is another text than the last time, and of
 * that only what is new: with a thousand peers it has three thousand routes, of which few come and go.
 */
function createTableReader(): (system: System) => Promise<TableRoutes | undefined> {
  let texts: readonly string[] = [];
  let routes: TableRoutes | undefined;
  return async (system) => {
    const printed = await Promise.all(families.map((family) => printTable(system, family)));
    const known = printed.filter((text) => text !== undefined);
    if (known.length < printed.length) return undefined;
    if (!sameItems(texts, known)) {
      texts = known;
      routes = toTableRoutes(known, routes?.there ?? []);
    }
    return routes;
  };
}

/** A table without a route is none. */
async function printTable(system: System, family: Family): Promise<string | undefined> {
  const asked = await askIp(system, `${family === "ipv4" ? "-4" : "-6"} route show table ${tailscaleTable}`);
  if (asked.kind === "ok") return asked.value;
  return /does not exist|not supported/i.test(asked.why) ? "" : undefined;
}

function toTableRoutes(texts: readonly string[], before: readonly Destinations[]): TableRoutes | undefined {
  const parsed = texts.map((text, at) => parseDestinations(text, families[at] ?? "ipv4", before[at] ?? new Map()));
  const there = parsed.flatMap((each) => (each.kind === "ok" ? [each.value] : []));
  if (there.length < parsed.length) return undefined;
  const all = there.flatMap((destinations) => [...destinations.values()]);
  return { there, ranges: all.filter(({ bits, family }) => bits < familyBits(family)) };
}
