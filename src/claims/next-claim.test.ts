// A claim, phase by phase, and what holds for any sequence of things that are seen.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { ClaimConflict } from "./claim-conflicts.ts";
import { type Claim, claimEffects, firstClaim, nextClaim, type Seen } from "./next-claim.ts";
import { effectsOf, type Phase, transitions } from "./phases.ts";

const podCIDRs = parsePodCIDRs("10.244.1.0/24,fd00:244:0:1::/64");
const other = parsePodCIDRs("10.244.2.0/24,fd00:244:0:2::/64");
const settings = { timeoutMs: 30_000, settleMs: 6000 };

function conflict(does: ClaimConflict["does"], parts: Partial<ClaimConflict> = {}): ClaimConflict {
  return {
    id: "9",
    name: "node-9",
    isOnline: true,
    route: parsePrefix("10.244.1.0/24"),
    does,
    isFirst: false,
    ...parts,
  };
}
const first = conflict("offers", { id: "1", isFirst: true });

const nothing = {
  podCIDRs,
  conflicts: [],
  hasPods: false,
  isOffered: false,
  isHeld: false,
  isHeard: true,
  isProven: false,
};
const offered = { isOffered: true };
const inUse = { isOffered: true, isHeld: true, hasPods: true };

function step(claim: Claim, seen: Partial<Seen>, nowMs: number): Claim {
  return nextClaim(claim, { ...nothing, mapReadMs: nowMs, ...seen }, { settings, nowMs, random: () => 0.5 });
}

/** The phases that follow, one for each moment: `[seconds, what is seen]`. */
function phases(...moments: readonly (readonly [number, Partial<Seen>])[]): readonly Phase[] {
  let claim = firstClaim(podCIDRs, 0);
  return moments.map(([seconds, seen]) => {
    claim = step(claim, seen, seconds * 1000);
    return claim.phase;
  });
}

type Row = readonly [name: string, moments: readonly (readonly [number, Partial<Seen>])[], expected: readonly Phase[]];
const noMap = { conflicts: undefined };
const served = { conflicts: [conflict("serves")] };

test.each<Row>([
  [
    "nothing contradicts",
    [
      [0, {}],
      [1, offered],
      [6.9, offered],
      [7, offered],
    ],
    ["claiming", "claiming", "claiming", "provisional"],
  ],
  [
    "the control server does not show that it knows of the offer",
    [
      [0, {}],
      [1, { ...offered, isHeard: false }],
      [18, { ...offered, isHeard: false }],
      [19, { ...offered, isHeard: false }],
    ],
    ["claiming", "claiming", "claiming", "provisional"],
  ],
  [
    "it shows that late",
    [
      [0, {}],
      [1, { ...offered, isHeard: false }],
      [9, offered],
      [14.9, offered],
      [15, offered],
    ],
    ["claiming", "claiming", "claiming", "claiming", "provisional"],
  ],
  [
    "what others offer was read before the time was over",
    [
      [0, {}],
      [1, offered],
      [9, { ...offered, mapReadMs: 6500 }],
      [9.5, { ...offered, mapReadMs: undefined }],
      [10, { ...offered, mapReadMs: 7000 }],
    ],
    ["claiming", "claiming", "claiming", "claiming", "provisional"],
  ],
  [
    "a block that is lost when there is no more time: the next one has its time all the same",
    [
      [0, {}],
      [1, offered],
      [29, { ...offered, ...served }],
      [32, { podCIDRs: other }],
      [33, { podCIDRs: other, ...offered }],
      [38.9, { podCIDRs: other, ...offered }],
      [39, { podCIDRs: other, ...offered }],
    ],
    ["claiming", "claiming", "retracting", "claiming", "claiming", "claiming", "provisional"],
  ],
  [
    "a packet proves it",
    [
      [0, {}],
      [7, offered],
      [13, offered],
      [14, { ...offered, isProven: true }],
    ],
    ["claiming", "claiming", "provisional", "won"],
  ],
  [
    "what was won before, after a restart",
    [
      [0, noMap],
      [1, { ...offered, isProven: true }],
    ],
    ["looking", "won"],
  ],
  ["a block that another had", [[0, { conflicts: [conflict("offers")] }]], ["moving"]],
  ["one that another had to withdraw", [[0, { conflicts: [conflict("offered")] }]], ["moving"]],
  [
    "another is served",
    [
      [0, {}],
      [1, { ...offered, ...served }],
      [1.1, { ...offered, ...served }],
    ],
    ["claiming", "retracting", "retracting"],
  ],
  [
    "gateway first, then the offer, then a pause, then another block",
    [
      [0, {}],
      [1, offered],
      [8, offered],
      [9, { ...offered, isHeld: true, ...served }],
      [9.2, { ...offered, ...served }],
      [9.4, served],
      [10.3, served],
      [10.5, served],
      [10.6, { podCIDRs: other }],
    ],
    ["claiming", "claiming", "provisional", "releasing", "retracting", "lost", "lost", "moving", "claiming"],
  ],
  [
    "what does not get done is not waited for",
    [
      [0, {}],
      [1, { ...inUse, hasPods: false, ...served }],
      [4, { ...offered, isHeld: true, ...served }],
      [7, { ...offered, ...served }],
    ],
    ["claiming", "releasing", "retracting", "lost"],
  ],
  [
    "an equal with the lower id",
    [
      [0, {}],
      [1, { ...offered, conflicts: [first] }],
      [4.9, { ...offered, conflicts: [first] }],
      [5, { ...offered, conflicts: [first] }],
    ],
    ["claiming", "claiming", "claiming", "retracting"],
  ],
  [
    "an equal with the higher id",
    [
      [0, {}],
      [1, { ...offered, conflicts: [conflict("offers")] }],
      [9, offered],
      [15, offered],
    ],
    ["claiming", "claiming", "claiming", "provisional"],
  ],
  [
    "one that goes on offering",
    [
      [0, {}],
      [1, offered],
      [7, offered],
      [8, { ...offered, conflicts: [conflict("offers")] }],
      [38, { ...offered, conflicts: [conflict("offers")] }],
    ],
    ["claiming", "claiming", "provisional", "provisional", "retracting"],
  ],
  [
    "the same, with pods",
    [
      [0, {}],
      [1, offered],
      [7, offered],
      [8, { ...inUse, conflicts: [first] }],
      [99, { ...inUse, conflicts: [first] }],
    ],
    ["claiming", "claiming", "provisional", "provisional", "provisional"],
  ],
  [
    "contested with pods, and without",
    [
      [0, {}],
      [1, offered],
      [7, offered],
      [8, { ...inUse, ...served }],
      [22, { ...inUse, ...served }],
      [23, { ...inUse, ...served }],
      [24, { ...served, isHeld: true }],
    ],
    ["claiming", "claiming", "provisional", "contested", "contested", "withdrawn", "releasing"],
  ],
  [
    "contested with pods, told again for as long as the other is there",
    [
      [0, {}],
      [1, { ...inUse, ...served }],
      [16, { ...inUse, ...served }],
      [75, { ...inUse, ...served }],
      [76, { ...inUse, ...served }],
      [91, { ...inUse, ...served }],
      [999, { ...inUse, conflicts: [conflict("offers", { isOnline: false })] }],
    ],
    ["claiming", "contested", "withdrawn", "withdrawn", "contested", "withdrawn", "withdrawn"],
  ],
  [
    "contested, and over",
    [
      [0, {}],
      [1, { ...inUse, ...served }],
      [2, inUse],
    ],
    ["claiming", "contested", "claiming"],
  ],
  [
    "a pod that comes on the way out",
    [
      [0, {}],
      [1, { ...offered, isHeld: true, ...served }],
      [2, { ...inUse, ...served }],
    ],
    ["claiming", "releasing", "contested"],
  ],
  [
    "no tailnet in time",
    [
      [0, noMap],
      [29, noMap],
      [30, noMap],
      [40, {}],
    ],
    ["looking", "looking", "local", "claiming"],
  ],
  [
    "no tailnet in time, and then another has it",
    [
      [0, noMap],
      [30, noMap],
      [40, { ...served, isHeld: true }],
    ],
    ["looking", "local", "releasing"],
  ],
  [
    "the same, with pods",
    [
      [0, noMap],
      [30, noMap],
      [40, { ...served, hasPods: true }],
    ],
    ["looking", "local", "contested"],
  ],
  [
    "a tailnet that goes away meanwhile",
    [
      [0, {}],
      [3, noMap],
      [30, noMap],
    ],
    ["claiming", "claiming", "local"],
  ],
  [
    "no more time to settle",
    [
      [28, {}],
      [29, offered],
      [58, offered],
    ],
    ["claiming", "claiming", "provisional"],
  ],
])("%s", (_name, moments, expected) => {
  expect(phases(...moments)).toEqual(expected as Phase[]);
});

describe("whatever is seen", () => {
  const someConflict = fc
    .tuple(fc.constantFrom<ClaimConflict["does"]>("serves", "offers", "offered"), fc.boolean(), fc.boolean())
    .map(([does, isFirst, isOnline]) => conflict(does, { isFirst, isOnline }));
  const moment = fc.record({
    afterMs: fc.constantFrom(0, 100, 1000, 7000, 40_000),
    conflicts: fc.option(fc.array(someConflict, { maxLength: 2 }), { nil: undefined }),
    hasPods: fc.boolean(),
    isOffered: fc.boolean(),
    isHeld: fc.boolean(),
    isHeard: fc.boolean(),
    isProven: fc.boolean(),
  });

  test("a look at the same moment changes nothing more, and what another serves is never won", () => {
    fc.assert(
      fc.property(fc.array(moment, { maxLength: 12 }), (moments) => {
        let claim = firstClaim(podCIDRs, 0);
        let nowMs = 0;
        for (const { afterMs, ...seen } of moments) {
          nowMs += afterMs;
          claim = step(claim, seen, nowMs);
          const again = step(claim, seen, nowMs);
          expect([again.phase, again.losses]).toEqual([claim.phase, claim.losses]);
          const isServed = seen.conflicts?.some(({ does }) => does === "serves") === true;
          const effects = claimEffects(claim);
          if (isServed && !seen.hasPods) expect(effects.isWon || claim.phase === "provisional").toBe(false);
          if (isServed && seen.hasPods) expect(["contested", "withdrawn", "looking"]).toContain(claim.phase);
          // What a node's pods have is held by its kernel.
          if (seen.hasPods) expect(effects.holdsGateway).toBe(true);
        }
      }),
    );
  });
});

test("every phase can be left, and entered", () => {
  const all = Object.keys(effectsOf);
  expect(all.filter((phase) => !transitions.some(({ from }) => from.some((one) => one === phase)))).toEqual([]);
  expect(all.filter((phase) => !transitions.some(({ to }) => to === phase))).toEqual([]);
});
