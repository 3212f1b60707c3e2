// When and how tailscaled is brought to put back what it lost: by the least intrusive pref that has it write its chains or routes anew,
// or ask the control server whether it still knows this node; never before the damage has lasted, and less and less often where that
// does not help. Pure.

import type { TailnetDamage } from "../../tailnet/tailnet-damage.ts";
import type { PrefsEdit, TailscalePrefs } from "../local-api/tailscale-prefs.ts";

/** Least intrusive first. */
const parts = ["chains", "routes", "addresses", "membership"] as const;
export type DamagedPart = (typeof parts)[number];

/** A pref that is changed and changed back. */
export interface Toggle {
  readonly part: DamagedPart;
  readonly first: PrefsEdit;
  readonly second: PrefsEdit;
}

/** What is remembered of one damaged part. Times are monotonic milliseconds. */
export interface PartMemory {
  readonly tries: number;
  readonly nextMs: number;
}

export type HealMemory = Readonly<Partial<Record<DamagedPart, PartMemory>>>;

export interface HealPlan {
  readonly toggle: Toggle | undefined;
  readonly memory: HealMemory;
  /** Whether something stays damaged that was tried twice, or may not be tried. */
  readonly isLasting: boolean;
  /** When there is something to be done again; undefined: when the damage changes. */
  readonly retryAfterMs: number | undefined;
}

export interface HealInput {
  readonly damage: TailnetDamage | undefined;
  /**
   * Whether packets say that no other node is in reach, or takes any more what this node's pods send: the control server may have removed
   * this one, or may take it for offline, without saying so.
   */
  readonly isShutOut: boolean;
  readonly prefs: TailscalePrefs;
  /** Whether the node may be taken off the tailnet for a moment: nothing less brings back routes to peers' addresses. */
  readonly mayReconnect: boolean;
  readonly memory: HealMemory;
  readonly nowMs: number;
}

/** A tailscaled that starts, or a peer that comes, writes its own within this. */
const graceMs = 3000;
/** Nodes that restart, and ways that are cut for a moment, come back within this. */
const shutOutGraceMs = 30_000;
const firstPauseMs = 30_000;
const longestPauseMs = 1_800_000;

export function planHeal({ damage, isShutOut, prefs, mayReconnect, memory, nowMs }: HealInput): HealPlan {
  const toggles: Readonly<Partial<Record<DamagedPart, Cure>>> = {
    ...(damage === undefined ? {} : togglesFor(damage, { prefs, mayReconnect })),
    ...(isShutOut && mayReconnect ? { membership: membershipToggle } : {}),
  };
  const remembered = parts.flatMap((part) => {
    const cure = toggles[part];
    const firstMs = nowMs + (part === "membership" ? shutOutGraceMs : graceMs);
    return cure === undefined ? [] : [{ part, cure, known: memory[part] ?? { tries: 0, nextMs: firstMs } }];
  });
  const due = remembered.find(({ known }) => known.nextMs <= nowMs);
  const next = remembered.map(({ part, cure, known }) => ({
    part,
    cure,
    known: part === due?.part ? after(known, nowMs) : known,
  }));
  return {
    toggle: due === undefined || due.cure === "none" ? undefined : due.cure,
    memory: { ...keptMemory(memory, nowMs), ...Object.fromEntries(next.map(({ part, known }) => [part, known])) },
    // Of what is out of reach the proofs say so.
    isLasting: next.some(({ part, cure, known }) => part !== "membership" && known.tries > (cure === "none" ? 0 : 1)),
    retryAfterMs:
      next.length === 0 ? undefined : Math.max(0, Math.min(...next.map(({ known }) => known.nextMs)) - nowMs),
  };
}

/** A toggle ends what packets said, until they have been asked again: its pause outlasts that. */
function keptMemory({ membership }: HealMemory, nowMs: number): HealMemory {
  return membership !== undefined && membership.tries > 0 && membership.nextMs > nowMs ? { membership } : {};
}

/** `none`: it is damaged, and may not be cured. */
type Cure = Toggle | "none";

/** Of those parts that are damaged and that tailscaled is meant to have. */
function togglesFor(
  { hasLostChains, lostRoutes, lostAddresses }: TailnetDamage,
  { prefs, mayReconnect }: Pick<HealInput, "prefs" | "mayReconnect">,
): Readonly<Partial<Record<DamagedPart, Cure>>> {
  const chains = hasLostChains ? chainsToggle(prefs) : undefined;
  const routes = lostRoutes.length > 0 ? routesToggle(prefs) : undefined;
  const addresses = lostAddresses.length > 0 ? (mayReconnect ? addressesToggle : "none") : undefined;
  return {
    ...(chains === undefined ? {} : { chains }),
    ...(routes === undefined ? {} : { routes }),
    ...(addresses === undefined ? {} : { addresses }),
  };
}

function after({ tries }: PartMemory, nowMs: number): PartMemory {
  return { tries: tries + 1, nextMs: nowMs + Math.min(firstPauseMs * 2 ** tries, longestPauseMs) };
}

/** Mode 2 is the usual one; in 1 and 0 tailscaled has no chains of its own in FORWARD. */
function chainsToggle({ raw }: TailscalePrefs): Toggle | undefined {
  if (raw.NetfilterMode !== 2) return undefined;
  return { part: "chains", first: { netfilterMode: 1 }, second: { netfilterMode: 2 } };
}

function routesToggle({ routeAll }: TailscalePrefs): Toggle | undefined {
  return routeAll ? { part: "routes", first: { routeAll: false }, second: { routeAll: true } } : undefined;
}

/** Everything is taken out and written anew, and the control server is asked to take the node in. */
const reconnect = { first: { wantRunning: false }, second: { wantRunning: true } } as const;
const addressesToggle: Toggle = { ...reconnect, part: "addresses" };
const membershipToggle: Toggle = { ...reconnect, part: "membership" };
