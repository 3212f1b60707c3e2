import { describe, expect, test } from "bun:test";
import { isIP } from "node:net";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { runs } from "../sys/testing.ts";
import { Addr, familyBits, parseAddr, tryParseAddr } from "./addr.ts";
import { Prefix, parsePrefix, subnetAt, subnetCount, tryParsePrefix } from "./prefix.ts";

const ipv4 = fc.bigInt({ min: 0n, max: (1n << 32n) - 1n }).map((value) => new Addr("ipv4", value));
const ipv6 = fc
  .oneof(
    fc.bigInt({ min: 0n, max: (1n << 128n) - 1n }),
    // Many zero groups, so that "::" is exercised in every place.
    fc
      .array(fc.constantFrom(0n, 0n, 1n, 0xffffn), { minLength: 8, maxLength: 8 })
      .map((groups) => groups.reduce<bigint>((value, group) => (value << 16n) | group, 0n)),
  )
  .map((value) => new Addr("ipv6", value));
const prefixes = fc.oneof(
  fc.tuple(ipv4, fc.integer({ min: 0, max: 32 })).map(([addr, bits]) => new Prefix(addr, bits)),
  fc.tuple(ipv6, fc.integer({ min: 0, max: 128 })).map(([addr, bits]) => new Prefix(addr, bits)),
);
/** Strings near the grammar of addresses, where parsers go wrong. */
const nearAddress = fc.oneof(
  fc.string({ unit: fc.constantFrom(..."0123456789abcdfx.:/% -"), maxLength: 24 }),
  fc.oneof(ipv4, ipv6).chain((addr) =>
    fc
      .tuple(fc.nat(addr.toString().length), fc.constantFrom("0", ".", ":", "::", "", "x", " ", "1"))
      .map(([at, piece]) => {
        const text = addr.toString();
        return text.slice(0, at) + piece + text.slice(at + 1);
      }),
  ),
);

describe("parseAddr()", () => {
  test.each([
    ["0.0.0.0", "0.0.0.0"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["FD00:0:0:1::0", "fd00:0:0:1::"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"],
    ["::ffff:10.0.0.1", "::ffff:10.0.0.1"],
    ["64:ff9b::10.0.0.1", "64:ff9b::a00:1"],
  ])("reads %s as %s", (text, printed) => {
    expect(parseAddr(text).toString()).toBe(printed);
  });

  test.each([
    "",
    "1",
    "10.1",
    "1.2.3",
    "1.2.3.4.5",
    "256.0.0.1",
    "010.0.0.1",
    "0x0a.0.0.1",
    "1e2.0.0.0",
    " 1.2.3.4",
    "1.2.3.4 ",
    "1.2.3.-4",
    ":",
    ":::",
    "1::2::3",
    "12345::",
    "::g",
    "fe80::1%eth0",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7::8",
    "1.2.3.4::",
    "::1.2.3",
    "١.2.3.4",
  ])("rejects %p", (text) => {
    expect(tryParseAddr(text)).toBeUndefined();
    expect(() => parseAddr(text)).toThrow("Not an IP address");
  });

  test("accepts what the platform's isIP accepts, zones aside", () => {
    fc.assert(
      fc.property(nearAddress, (text) => {
        // netip wants "::" to stand for at least one group; inet_pton lets it stand for none.
        fc.pre(
          !(
            text.includes("::") &&
            text.split(":").filter((part) => part !== "").length + (text.includes(".") ? 1 : 0) >= 8
          ),
        );
        expect(tryParseAddr(text) !== undefined).toBe(isIP(text) !== 0 && !text.includes("%"));
      }),
      { numRuns: runs(5000) },
    );
  });

  test("reads back what it prints, as ipaddr.js does", () => {
    fc.assert(
      fc.property(fc.oneof(ipv4, ipv6), (addr) => {
        expect(parseAddr(addr.toString()).equals(addr)).toBe(true);
        const oracle = BigInt(
          `0x${ipaddr
            .parse(addr.toString())
            .toByteArray()
            .map((byte) => byte.toString(16).padStart(2, "0"))
            .join("")}`,
        );
        expect(oracle).toBe(addr.value);
      }),
      { numRuns: runs(2000) },
    );
  });
});

describe("parsePrefix()", () => {
  test.each([
    "10/8",
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0.0/-1",
    "10.0.0.0/08",
    "10.0.0.0/+8",
    "10.0.0.0/ 8",
    "10.0.0.0/8/8",
    "fd00::/129",
    "/8",
    "fe80::1%eth0/64",
    "10.0.0.0/255.0.0.0",
    "",
  ])("rejects %p", (text) => {
    expect(tryParsePrefix(text)).toBeUndefined();
    expect(() => parsePrefix(text)).toThrow(/^Not a CIDR: /);
  });

  test("keeps host bits and says so", () => {
    const prefix = parsePrefix("10.244.1.7/24");
    expect(prefix.toString()).toBe("10.244.1.7/24");
    expect(prefix.hasHostBits).toBe(true);
    expect(prefix.masked().toString()).toBe("10.244.1.0/24");
    expect(prefix.first.toString()).toBe("10.244.1.0");
    expect(prefix.last.toString()).toBe("10.244.1.255");
  });

  test("reads back what it prints, and masks as ipaddr.js does", () => {
    fc.assert(
      fc.property(prefixes, (prefix) => {
        expect(parsePrefix(prefix.toString()).equals(prefix)).toBe(true);
        const kind = prefix.family === "ipv4" ? ipaddr.IPv4 : ipaddr.IPv6;
        const network = kind.networkAddressFromCIDR(prefix.toString()).toByteArray();
        const mine = prefix.masked().addr.value;
        expect(BigInt(`0x${network.map((byte) => byte.toString(16).padStart(2, "0")).join("")}`)).toBe(mine);
      }),
      { numRuns: runs(2000) },
    );
  });
});

describe("Prefix", () => {
  test("contains exactly the addresses from first to last", () => {
    fc.assert(
      fc.property(prefixes, fc.oneof(ipv4, ipv6), (prefix, addr) => {
        const inRange =
          addr.family === prefix.family && addr.compare(prefix.first) >= 0 && addr.compare(prefix.last) <= 0;
        expect(prefix.containsAddr(addr)).toBe(inRange);
      }),
    );
  });

  test("overlaps exactly when the ranges meet, and symmetrically", () => {
    fc.assert(
      fc.property(prefixes, prefixes, (a, b) => {
        const meet = a.family === b.family && a.first.compare(b.last) <= 0 && b.first.compare(a.last) <= 0;
        expect(a.overlaps(b)).toBe(meet);
        expect(b.overlaps(a)).toBe(meet);
      }),
      { numRuns: runs(2000) },
    );
  });
});

/** Ranges of addresses that differ in one bit, which chance hardly gives: where each of the two ends decides. */
const neighbours = fc
  .tuple(fc.oneof(ipv4, ipv6), fc.nat(127))
  .map(([addr, bit]): [Addr, Addr] => [
    addr,
    new Addr(addr.family, addr.value ^ (1n << BigInt(bit % familyBits(addr.family)))),
  ])
  .chain(([a, b]) => {
    const bits = fc.integer({ min: 0, max: familyBits(a.family) });
    return fc.tuple(bits, bits).map(([one, other]): [Prefix, Prefix] => [new Prefix(a, one), new Prefix(b, other)]);
  });

describe("Prefix of neighbours", () => {
  test("contains and overlaps as the numbers of its first and last address say", () => {
    fc.assert(
      fc.property(neighbours, ([a, b]) => {
        const [first, last] = [a.first.value, a.last.value];
        expect(a.containsAddr(b.addr)).toBe(first <= b.addr.value && b.addr.value <= last);
        expect(a.contains(b)).toBe(first <= b.first.value && b.last.value <= last);
        expect(a.overlaps(b)).toBe(first <= b.last.value && b.first.value <= last);
        expect(a.hasHostBits).toBe(a.addr.value !== (a.addr.value / a.size) * a.size);
      }),
      { numRuns: runs(2000) },
    );
  });
});

describe("subnetAt()", () => {
  test("counts blocks from the start of the base", () => {
    const base = parsePrefix("10.244.0.0/16");
    expect(subnetCount(base, 24)).toBe(256n);
    expect(subnetAt(base, 24, 1n).toString()).toBe("10.244.1.0/24");
    expect(() => subnetAt(base, 24, 256n)).toThrow(RangeError);
    expect(subnetCount(base, 8)).toBe(0n);
  });

  test("gives networks inside the base that never overlap for different indices", () => {
    fc.assert(
      fc.property(
        prefixes,
        fc.nat(128),
        fc.bigInt({ min: 0n, max: 1n << 64n }),
        fc.bigInt({ min: 0n, max: 1n << 64n }),
        (base, more, i, j) => {
          const bits = Math.min(base.bits + more, base.family === "ipv4" ? 32 : 128);
          const count = subnetCount(base, bits);
          const a = subnetAt(base, bits, i % count);
          const b = subnetAt(base, bits, j % count);
          expect(base.contains(a)).toBe(true);
          expect(a.hasHostBits).toBe(false);
          expect(a.overlaps(b)).toBe(i % count === j % count);
        },
      ),
    );
  });
});
