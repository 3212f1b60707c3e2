import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseAddr } from "../cidr/addr.ts";
import { type Lease, type LeaseOwner, parseOwner } from "./lease.ts";
import { planSweep, type SweepFacts } from "./plan-sweep.ts";

const old = 1000;
const keepSinceMs = 2000;

function lease(text: string, givenAtMs = old): Lease {
  return { addr: parseAddr("10.1.0.2"), path: "/leases/10.1.0.2", text, owner: parseOwner(text), givenAtMs };
}

function verdictOf(subject: Lease, ...holders: readonly LeaseOwner[]): string | undefined {
  const { keep, free } = planSweep([subject], { holders, keepSinceMs });
  expect(keep.length + free.length).toBe(1);
  const [kept] = keep;
  if (kept !== undefined) expect(["held", "young"]).toContain(kept.verdict);
  return (kept ?? free[0])?.verdict;
}

describe("planSweep()", () => {
  const c1 = { containerId: "c1", ifname: "eth0" };
  const anyOfC1 = { containerId: "c1", ifname: undefined };

  test.each([
    ["its holder lives", lease("c1\r\neth0"), [c1], "held"],
    ["its container lives", lease("c1\r\neth7"), [anyOfC1], "held"],
    ["it names no interface and its container lives", lease("c1"), [c1], "held"],
    ["another interface of its container lives", lease("c1\r\neth1"), [c1], "abandoned"],
    ["only others live", lease("c2\r\neth0"), [c1], "abandoned"],
    ["nobody lives", lease("c1\r\neth0"), [], "abandoned"],
    ["it is empty", lease(""), [c1], "torn"],
    ["it is rubbish", lease("\u0001\u0002"), [c1], "torn"],
    ["it is the beginning of a living holder's", lease("c"), [c1], "held"],
    ["it is cut off in a living holder's interface", lease("c1\r\net"), [c1], "held"],
    ["it is the beginning of nobody's", lease("d"), [c1], "abandoned"],
    ["it was given out just now", lease("c2\r\neth0", keepSinceMs), [c1], "young"],
    ["it is empty and was made just now", lease("", keepSinceMs), [], "young"],
    ["it comes from the future", lease("c2\r\neth0", keepSinceMs * 1000), [], "young"],
  ])("when %s", (_name, subject, holders, verdict) => {
    expect(verdictOf(subject, ...holders)).toBe(verdict);
  });

  const id = fc.stringMatching(/^[a-z][a-z0-9]{0,3}$/);
  const owner = fc.record({ containerId: id, ifname: fc.constantFrom("eth0", "eth1", undefined) });
  const text = fc.oneof(
    owner.map(({ containerId, ifname }) => (ifname === undefined ? containerId : `${containerId}\r\n${ifname}`)),
    fc.string({ maxLength: 6 }).map((raw) => raw.trim()),
  );
  const leases = fc.array(fc.tuple(text, fc.integer({ min: 0, max: 4000 })).map(([raw, at]) => lease(raw, at)));
  const facts: fc.Arbitrary<SweepFacts> = fc.record({
    holders: fc.array(owner),
    keepSinceMs: fc.constant(keepSinceMs),
  });

  test("frees no lease a holder has written in full, and none that is young", () => {
    fc.assert(
      fc.property(leases, facts, (all, known) => {
        for (const { lease: freed } of planSweep(all, known).free) {
          expect(freed.givenAtMs).toBeLessThan(keepSinceMs);
          for (const { containerId, ifname } of known.holders) {
            if (freed.owner?.containerId !== containerId) continue;
            expect(ifname).toBeDefined();
            expect(freed.owner.ifname).not.toBe(ifname);
          }
        }
      }),
    );
  });

  test("judges every lease once, in order", () => {
    fc.assert(
      fc.property(leases, facts, (all, known) => {
        const { keep, free } = planSweep(all, known);
        const judged = [...keep, ...free].map(({ lease: one }) => one);
        expect(new Set(judged)).toEqual(new Set(all));
        expect(judged).toHaveLength(all.length);
      }),
    );
  });

  test("frees no more when more is known to live", () => {
    fc.assert(
      fc.property(leases, facts, fc.array(owner), (all, known, more) => {
        const before = new Set(planSweep(all, known).free.map(({ lease: one }) => one));
        const after = planSweep(all, { ...known, holders: [...known.holders, ...more] }).free;
        expect(after.every(({ lease: one }) => before.has(one))).toBe(true);
      }),
    );
  });
});
