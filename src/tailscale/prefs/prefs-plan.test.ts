// What is changed in tailscaled's prefs, and that it comes back: tables of cases, and properties over any prefs and routes.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parsePrefix } from "../../cidr/prefix.ts";
import type { PrefsEdit, TailscalePrefs } from "../local-api/tailscale-prefs.ts";
import { emptyRecord, type PrefsPlan, type PrefsRecord, planPrefs, planRestore } from "./prefs-plan.ts";

const prefsOf = (parts: Partial<TailscalePrefs> = {}): TailscalePrefs => {
  return {
    controlURL: "",
    advertiseRoutes: [],
    routeAll: true,
    noStatefulFiltering: true,
    shieldsUp: false,
    raw: {},
    ...parts,
  };
};
const prefixes = (...texts: string[]) => texts.map(parsePrefix);
const recordOf = (...advertised: string[]): PrefsRecord => ({ advertised, before: {} });

const podCIDR = "10.244.1.0/24";

describe("planPrefs()", () => {
  test.each<[string, Partial<TailscalePrefs>, PrefsRecord, string[] | undefined, PrefsEdit | undefined]>([
    ["adds ours", {}, emptyRecord, [podCIDR], { advertiseRoutes: [podCIDR] }],
    ["leaves ours", { advertiseRoutes: [podCIDR] }, recordOf(podCIDR), [podCIDR], undefined],
    ["leaves ours that somebody else put there", { advertiseRoutes: [podCIDR] }, emptyRecord, [podCIDR], undefined],
    [
      "adds ours behind others'",
      { advertiseRoutes: ["192.168.0.0/24", "0.0.0.0/0"] },
      emptyRecord,
      [podCIDR],
      { advertiseRoutes: ["192.168.0.0/24", "0.0.0.0/0", podCIDR] },
    ],
    [
      "replaces ours of before",
      { advertiseRoutes: ["10.244.9.0/24", "192.168.0.0/24"] },
      recordOf("10.244.9.0/24"),
      [podCIDR],
      { advertiseRoutes: ["192.168.0.0/24", podCIDR] },
    ],
    [
      "withdraws ours",
      { advertiseRoutes: [podCIDR, "10.9.0.0/16"] },
      recordOf(podCIDR),
      [],
      { advertiseRoutes: ["10.9.0.0/16"] },
    ],
    ["withdraws nothing that is not ours", { advertiseRoutes: [podCIDR] }, emptyRecord, [], undefined],
    [
      "leaves routes alone when it is not known",
      { advertiseRoutes: [podCIDR] },
      recordOf(podCIDR),
      undefined,
      undefined,
    ],
    ["accepts routes", { routeAll: false }, emptyRecord, undefined, { routeAll: true }],
    ["turns filtering off", { noStatefulFiltering: false }, emptyRecord, undefined, { noStatefulFiltering: true }],
    ["leaves filtering that is not said", { noStatefulFiltering: undefined }, emptyRecord, undefined, undefined],
    [
      "knows IPv6 in another form",
      { advertiseRoutes: ["fd00:0:0:1::/64"] },
      recordOf("fd00:0:0:1::/64"),
      ["fd00:0:0:1::/64"],
      undefined,
    ],
  ])("%s", (_name, parts, record, routes, edit) => {
    expect(planPrefs(prefsOf(parts), record, routes === undefined ? undefined : prefixes(...routes)).edit).toEqual(
      edit,
    );
  });

  test("records what was before the first change, and keeps it", () => {
    const first = planPrefs(prefsOf({ routeAll: false, noStatefulFiltering: false }), emptyRecord, prefixes(podCIDR));
    expect(first.intended).toEqual({ advertised: [podCIDR], before: { routeAll: false, noStatefulFiltering: false } });
    const later = planPrefs(prefsOf({ advertiseRoutes: [podCIDR] }), first.done, prefixes(podCIDR));
    expect(later).toEqual({ edit: undefined, intended: first.done, done: first.done });
  });
});

const block = fc.integer({ min: 0, max: 7 }).map((index) => `10.244.${index}.0/24`);
const foreign = fc.constantFrom("0.0.0.0/0", "::/0", "192.168.0.0/16", "10.0.0.0/8", "fd00::/8", "10.244.0.0/16");
const blocks = fc.uniqueArray(block, { maxLength: 3 });
const anyPrefs = fc
  .record({
    advertiseRoutes: fc.uniqueArray(fc.oneof(block, foreign), { maxLength: 6 }),
    routeAll: fc.boolean(),
    noStatefulFiltering: fc.constantFrom(true, false, undefined),
  })
  .map(prefsOf);
/** PodCIDRs over time; undefined: not known. */
const history = fc.array(fc.option(blocks, { nil: undefined }), { minLength: 1, maxLength: 5 });

const applied = (prefs: TailscalePrefs, { edit }: Pick<PrefsPlan, "edit">): TailscalePrefs => ({ ...prefs, ...edit });

/** Carries every plan out; a crash loses the step after the edit, or the edit itself. */
function live(
  start: TailscalePrefs,
  steps: readonly (readonly string[] | undefined)[],
  crash: "none" | "before" | "after",
) {
  let prefs = start;
  let record: PrefsRecord = emptyRecord;
  for (const routes of steps) {
    const plan = planPrefs(prefs, record, routes?.map(parsePrefix));
    record = plan.intended;
    if (crash === "before") continue;
    prefs = applied(prefs, plan);
    if (crash === "none") record = plan.done;
  }
  return { prefs, record };
}

const crashes = fc.constantFrom<"none" | "before" | "after">("none", "before", "after");

describe("for any prefs and any course of PodCIDRs", () => {
  test("applied, a plan plans nothing more", () => {
    fc.assert(
      fc.property(anyPrefs, history, crashes, blocks, (start, steps, crash, routes) => {
        const { prefs, record } = live(start, steps, crash);
        const plan = planPrefs(prefs, record, prefixes(...routes));
        const again = planPrefs(applied(prefs, plan), plan.done, prefixes(...routes));
        expect(again).toEqual({ edit: undefined, intended: plan.done, done: plan.done });
      }),
    );
  });

  test("ours are offered, and routes of others stay, in their order", () => {
    fc.assert(
      fc.property(anyPrefs, history, crashes, blocks, (start, steps, crash, routes) => {
        const lived = live(start, steps, crash);
        const { advertiseRoutes } = applied(lived.prefs, planPrefs(lived.prefs, lived.record, prefixes(...routes)));
        expect(advertiseRoutes).toEqual(expect.arrayContaining(routes));
        const others = start.advertiseRoutes.filter((route) => !/^10\.244\.\d\.0\/24$/.test(route));
        expect(advertiseRoutes.filter((route) => others.includes(route))).toEqual(others);
        const left = advertiseRoutes.filter(
          (route) => !routes.includes(route) && !start.advertiseRoutes.includes(route),
        );
        expect(left).toEqual([]);
      }),
    );
  });

  test("the way back leads to what was, whatever was cut short", () => {
    fc.assert(
      fc.property(anyPrefs, history, crashes, (start, steps, crash) => {
        const { prefs, record } = live(start, steps, crash);
        const restored = applied(prefs, planRestore(prefs, record));
        expect(restored.routeAll).toBe(start.routeAll);
        expect(restored.noStatefulFiltering).toBe(start.noStatefulFiltering);
        expect(restored.advertiseRoutes).toEqual(start.advertiseRoutes);
      }),
    );
  });
});
