import { describe, expect, test } from "bun:test";
import { parseAddr } from "../../cidr/addr.ts";
import { parsePrefix } from "../../cidr/prefix.ts";
import type { TailnetDamage } from "../../tailnet/tailnet-damage.ts";
import type { TailscalePrefs } from "../local-api/tailscale-prefs.ts";
import { type HealMemory, planHeal } from "./heal-plan.ts";

const prefsOf = (netfilterMode: number, routeAll = true): TailscalePrefs => ({
  controlURL: "",
  advertiseRoutes: [],
  routeAll,
  noStatefulFiltering: true,
  shieldsUp: false,
  raw: { NetfilterMode: netfilterMode },
});
const none: TailnetDamage = { hasLostChains: false, lostRoutes: [], lostAddresses: [] };
const chains: TailnetDamage = { ...none, hasLostChains: true };
const routes: TailnetDamage = { ...none, lostRoutes: [parsePrefix("10.1.3.0/24")] };
const both: TailnetDamage = { ...routes, hasLostChains: true };
const addresses: TailnetDamage = { ...none, lostAddresses: [parseAddr("100.64.0.3")] };

const atRest = { damage: chains, isShutOut: false, prefs: prefsOf(2), mayReconnect: false };

/** What is done at each second of a damage that lasts. */
function live(
  damage: (second: number) => TailnetDamage | undefined,
  seconds: number,
  {
    prefs = prefsOf(2),
    mayReconnect = false,
    isShutOut = (_second: number): boolean => false,
  }: { prefs?: TailscalePrefs; mayReconnect?: boolean; isShutOut?: (second: number) => boolean } = {},
): string[] {
  let memory: HealMemory = {};
  return Array.from({ length: seconds }, (_, second) => second).flatMap((second) => {
    const plan = planHeal({
      damage: damage(second),
      isShutOut: isShutOut(second),
      prefs,
      mayReconnect,
      memory,
      nowMs: second * 1000,
    });
    memory = plan.memory;
    return plan.toggle === undefined ? [] : [`${second} ${plan.toggle.part}`];
  });
}

describe("planHeal()", () => {
  test.each<[string, TailnetDamage | undefined, TailscalePrefs, string[]]>([
    ["chains, after a grace", chains, prefsOf(2), ["3 chains"]],
    ["routes, after a grace", routes, prefsOf(2), ["3 routes"]],
    ["one after the other", both, prefsOf(2), ["3 chains", "4 routes"]],
    ["nothing where nothing is lost", none, prefsOf(2), []],
    ["nothing where nothing is known", undefined, prefsOf(2), []],
    ["no chains that tailscaled is not to have", chains, prefsOf(1), []],
    ["no routes that tailscaled is not to have", routes, prefsOf(2, false), []],
  ])("brings back %s", (_name, damage, prefs, expected) => {
    expect(live(() => damage, 10, { prefs })).toEqual(expected);
  });

  test("waits longer and longer where that does not help, up to half an hour", () => {
    const times = live(() => routes, 8000).map((line) => Number(line.split(" ")[0]));
    expect(times.slice(1).map((at, index) => at - (times[index] ?? 0))).toEqual([
      30, 60, 120, 240, 480, 960, 1800, 1800, 1800,
    ]);
  });

  test("does nothing for a damage that passes by itself, and begins anew with the next", () => {
    expect(live((second) => (second % 4 < 2 ? routes : none), 100)).toEqual([]);
    expect(live((second) => (second < 5 || second > 20 ? routes : none), 30)).toEqual(["3 routes", "24 routes"]);
  });

  test("changes the least pref, and says when to look again", () => {
    const first = planHeal({ ...atRest, memory: {}, nowMs: 0 });
    expect(first).toMatchObject({ toggle: undefined, retryAfterMs: 3000 });
    const { memory } = first;
    expect(planHeal({ ...atRest, memory, nowMs: 3000 })).toMatchObject({
      toggle: { first: { netfilterMode: 1 }, second: { netfilterMode: 2 } },
      retryAfterMs: 30_000,
    });
  });

  test("takes the node off the tailnet for peers' addresses only when it may, and after what is less", () => {
    const all = { ...both, lostAddresses: addresses.lostAddresses };
    expect(live(() => all, 10)).toEqual(["3 chains", "4 routes"]);
    expect(live(() => all, 10, { mayReconnect: true })).toEqual(["3 chains", "4 routes", "5 addresses"]);
  });

  test("asks the control server anew where no node is in reach for half a minute, and only when it may", () => {
    const isShutOut = () => true;
    expect(live(() => none, 200, { isShutOut })).toEqual([]);
    expect(live(() => none, 200, { isShutOut, mayReconnect: true })).toEqual([
      "30 membership",
      "60 membership",
      "120 membership",
    ]);
    expect(live(() => none, 200, { isShutOut: (second) => second % 40 < 25, mayReconnect: true })).toEqual([]);
  });

  test("does not begin anew where packets say nothing for a while after that, and does after a later loss", () => {
    const isOut = (second: number): boolean => !(second > 120 && second < 250) && !(second > 30 && second < 40);
    const times = live(() => none, 300, { isShutOut: isOut, mayReconnect: true });
    expect(times).toEqual(["30 membership", "60 membership", "120 membership", "280 membership"]);
    const plan = planHeal({ ...atRest, damage: none, isShutOut: true, mayReconnect: true, memory: {}, nowMs: 0 });
    expect(plan).toMatchObject({ isLasting: false, retryAfterMs: 30_000 });
  });

  test("says of what it may not cure that it lasts, once it has", () => {
    const first = planHeal({ ...atRest, damage: addresses, memory: {}, nowMs: 0 });
    expect(first.isLasting).toBe(false);
    const { memory, isLasting, toggle } = planHeal({
      ...atRest,
      damage: addresses,
      memory: first.memory,
      nowMs: 3000,
    });
    expect({ isLasting, toggle }).toEqual({ isLasting: true, toggle: undefined });
    expect(planHeal({ ...atRest, damage: none, memory, nowMs: 4000 }).isLasting).toBe(false);
  });
});
