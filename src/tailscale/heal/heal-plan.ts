// When and how tailscaled is brought to put back what it lost: by the least intrusive pref that has it write its chains or routes anew,
// never before the damage has lasted, and less and less often where that does not help. Pure.

import type { TailnetDamage } from "../../tailnet/tailnet-damage.ts";
import type { PrefsEdit, TailscalePrefs } from "../local-api/tailscale-prefs.ts";

export type DamagedPart = "chains" | "routes";

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
  /** When there is something to be done again; undefined: when the damage changes. */
  readonly retryAfterMs: number | undefined;
}

export interface HealInput {
  readonly damage: TailnetDamage | undefined;
  readonly prefs: TailscalePrefs;
  readonly memory: HealMemory;
  readonly nowMs: number;
}

/** A tailscaled that starts, or a peer that comes, writes its own within this. */
const graceMs = 3000;
const firstPauseMs = 30_000;
const longestPauseMs = 1_800_000;

export function planHeal({ damage, prefs, memory, nowMs }: HealInput): HealPlan {
  const toggles: Readonly<Record<DamagedPart, Toggle | undefined>> = {
    chains: damage?.hasLostChains === true ? chainsToggle(prefs) : undefined,
    routes: damage !== undefined && damage.lostRoutes.length > 0 ? routesToggle(prefs) : undefined,
  };
  const parts = (["chains", "routes"] as const).filter((part) => toggles[part] !== undefined);
  const remembered = parts.map((part) => [part, memory[part] ?? { tries: 0, nextMs: nowMs + graceMs }] as const);
  const due = remembered.find(([, { nextMs }]) => nextMs <= nowMs);
  const next = remembered.map(([part, known]) => [part, part === due?.[0] ? after(known, nowMs) : known] as const);
  return {
    toggle: due === undefined ? undefined : toggles[due[0]],
    memory: Object.fromEntries(next),
    retryAfterMs:
      next.length === 0 ? undefined : Math.max(0, Math.min(...next.map(([, { nextMs }]) => nextMs)) - nowMs),
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
