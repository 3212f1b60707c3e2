// The sweep against asking every pair, and a list no sweep over pairs would come through.

import { expect, test } from "bun:test";
import fc from "fast-check";
import { Addr } from "./addr.ts";
import { firstOverlaps } from "./overlaps.ts";
import { Prefix, parsePrefix } from "./prefix.ts";

test.each([
  ["nothing", [], []],
  ["networks side by side", ["10.0.1.0/24", "10.0.0.0/24", "fd00::/64"], [undefined, undefined, undefined]],
  ["the same network again", ["10.0.0.0/24", "10.0.1.0/24", "10.0.0.0/24"], [undefined, undefined, 0]],
  [
    "a network around earlier ones: the first of them",
    ["10.0.9.0/24", "10.0.2.0/24", "10.0.0.0/16"],
    [undefined, undefined, 0],
  ],
  ["one network around many", ["10.0.0.0/16", "10.0.1.0/24", "10.0.2.0/24", "10.0.1.0/25"], [undefined, 0, 0, 0]],
  ["the same bits in the other family", ["0.0.0.0/1", "::/1"], [undefined, undefined]],
])("firstOverlaps() finds in %s", (_name, texts, expected) => {
  expect(firstOverlaps(texts.map(parsePrefix))).toEqual(expected);
});

test("firstOverlaps() says what asking each pair says", () => {
  const ipv4 = fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 24, max: 32 }));
  const ipv6 = fc.tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 120, max: 128 }));
  const prefix = fc.oneof(
    ipv4.map(([at, bits]) => new Prefix(new Addr("ipv4", BigInt(at * 16)), bits).masked()),
    ipv6.map(([at, bits]) => new Prefix(new Addr("ipv6", BigInt(at * 16)), bits)),
  );
  fc.assert(
    fc.property(fc.array(prefix, { maxLength: 40 }), (prefixes) => {
      const byPairs = prefixes.map((one, index) => {
        const first = prefixes.findIndex((other) => other.overlaps(one));
        return first < index ? first : undefined;
      });
      expect(firstOverlaps(prefixes)).toEqual(byPairs);
    }),
  );
});

test("firstOverlaps() comes through 50,000 networks: pair by pair they would take minutes", () => {
  const prefixes = Array.from({ length: 50_000 }, (_, at) => new Prefix(new Addr("ipv4", BigInt(at) << 8n), 24));
  const overlaps = firstOverlaps([...prefixes, parsePrefix("0.3.0.0/16")]);
  expect(overlaps.filter((index) => index !== undefined)).toEqual([768]);
});
