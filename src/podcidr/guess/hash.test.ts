import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Addr } from "../../cidr/addr.ts";
import { Prefix, parsePrefix } from "../../cidr/prefix.ts";
import { blockCount, fnv1a64, hashBlocks } from "./hash.ts";

const v4 = { base: parsePrefix("10.244.0.0/16"), bits: 24 };
const v6 = { base: parsePrefix("fd00:244::/56"), bits: 64 };

describe("fnv1a64()", () => {
  // The published test vectors of FNV-1a.
  test.each([
    ["", 0xcbf29ce484222325n],
    ["a", 0xaf63dc4c8601ec8cn],
    ["foobar", 0x85944171f73967e8n],
  ])("of %p", (text, hash) => {
    expect(fnv1a64(text)).toBe(hash);
  });
});

describe("hashBlocks()", () => {
  // Pinned: a node must get the same block from every version.
  test.each([
    ["worker-1", "10.244.237.0/24 fd00:244:0:ed::/64"],
    ["worker-2", "10.244.212.0/24 fd00:244:0:d4::/64"],
    ["ip-10-0-1-23.eu-west-1.compute.internal", "10.244.201.0/24 fd00:244:0:c9::/64"],
    ["a", "10.244.140.0/24 fd00:244:0:8c::/64"],
  ])("of %p is pinned", (name, blocks) => {
    expect(hashBlocks(name, [v4, v6])?.join(" ")).toBe(blocks);
  });

  test("pins large counts and the family with fewer blocks", () => {
    const wide = { base: parsePrefix("fd00::/8"), bits: 64 };
    expect(hashBlocks("worker-1", [wide])?.join()).toBe("fd91:3ec5:9027:ebed::/64");
    expect(hashBlocks("worker-1", [{ base: parsePrefix("10.0.0.0/22"), bits: 24 }, wide])?.join()).toBe(
      "10.0.1.0/24,fd00:0:0:1::/64",
    );
  });

  test("gives undefined where there is no room", () => {
    expect(hashBlocks("a", [{ base: parsePrefix("10.0.0.0/24"), bits: 16 }])).toBeUndefined();
    expect(hashBlocks("a", [v4], [parsePrefix("10.0.0.0/8")])).toBeUndefined();
    expect(hashBlocks("a", [])).toBeUndefined();
  });

  const bases = fc
    .tuple(fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }), fc.integer({ min: 4, max: 30 }), fc.nat(12))
    .map(([value, bits, more]) => {
      const base = new Prefix(new Addr("ipv4", value), bits).masked();
      return { base, bits: Math.min(32, bits + more) };
    });
  const avoided = fc.array(
    fc
      .tuple(fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }), fc.integer({ min: 2, max: 32 }))
      .map(([value, bits]) => new Prefix(new Addr("ipv4", value), bits).masked()),
    { maxLength: 4 },
  );
  const names = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);

  test("stays inside the base and off what it must avoid; two names share a block or do not overlap", () => {
    fc.assert(
      fc.property(names, names, bases, avoided, (one, other, base, avoid) => {
        const [mine] = hashBlocks(one, [base], avoid) ?? [];
        const [theirs] = hashBlocks(other, [base], avoid) ?? [];
        if (mine === undefined || theirs === undefined) {
          expect(mine).toBe(theirs);
          return;
        }
        expect(base.base.contains(mine)).toBe(true);
        expect(mine.bits).toBe(base.bits);
        expect(avoid.some((range) => range.overlaps(mine))).toBe(false);
        expect(mine.equals(theirs) || !mine.overlaps(theirs)).toBe(true);
        expect(hashBlocks(one, [base], avoid)?.[0]?.equals(mine)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("finds a free block whenever there is one", () => {
    const base = { base: parsePrefix("10.0.0.0/24"), bits: 28 };
    fc.assert(
      fc.property(names, fc.uniqueArray(fc.nat(15), { maxLength: 16 }), (name, taken) => {
        const avoid = taken.map((index) =>
          new Prefix(new Addr("ipv4", (10n << 24n) + BigInt(index * 16 + 3)), 31).masked(),
        );
        const [block] = hashBlocks(name, [base], avoid) ?? [];
        expect(block !== undefined).toBe(taken.length < 16);
      }),
      { numRuns: 300 },
    );
  });

  test("spreads a cluster's names over the blocks", () => {
    const used = new Set(Array.from({ length: 256 }, (_, index) => String(hashBlocks(`node-${index}`, [v4])?.[0])));
    // 256 names thrown at random into 256 blocks use 162 on average.
    expect(used.size).toBeGreaterThan(140);
  });
});

describe("blockCount()", () => {
  test("is that of the family with the fewest", () => {
    expect(blockCount([v4, v6])).toBe(256n);
    expect(blockCount([v4, { base: parsePrefix("fd00::/62"), bits: 64 }])).toBe(4n);
  });
});
