import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Addr } from "./addr.ts";
import { firstOfEachFamily, gatewayOf, PodCIDRs, parsePodCIDRs, podAddressesIn, toPodCIDRs } from "./pod-cidrs.ts";
import { Prefix, parsePrefix } from "./prefix.ts";

describe("toPodCIDRs()", () => {
  test.each<[string, string]>([
    ["", "names no CIDR"],
    ["10.1.0.0/24 10.2.0.0/24", "has two IPv4 CIDRs, 10.1.0.0/24 and 10.2.0.0/24"],
    ["10.1.0.0/24 fd00::/64 fd01::/64", "has two IPv6 CIDRs, fd00::/64 and fd01::/64"],
  ])("refuses %p", (text, why) => {
    const prefixes = text.split(" ").filter(Boolean).map(parsePrefix);
    expect(toPodCIDRs(prefixes)).toEqual({ kind: "fault", why });
    expect(() => new PodCIDRs(prefixes)).toThrow(why);
  });

  test("holds at most one of a family in the order given, or refuses", () => {
    const prefix = fc
      .tuple(fc.bigInt(0n, 2n ** 32n - 1n), fc.integer({ min: 0, max: 32 }), fc.boolean())
      .map(([value, bits, isIPv4]) => new Prefix(new Addr(isIPv4 ? "ipv4" : "ipv6", value), bits));
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 4 }), (prefixes) => {
        const made = toPodCIDRs(prefixes);
        const families = new Set(prefixes.map(({ family }) => family));
        const isValid = prefixes.length > 0 && families.size === prefixes.length;
        expect(made.kind).toBe(isValid ? "ok" : "fault");
        if (made.kind === "ok") expect([...made.value]).toEqual(prefixes);
        expect(firstOfEachFamily(prefixes)?.list.length ?? 0).toBe(families.size);
      }),
    );
  });
});

test("PodCIDRs are asked by family, address and prefix", () => {
  const both = parsePodCIDRs("fd00:1::/64, 10.244.1.0/24");
  expect(`${both}`).toBe("fd00:1::/64, 10.244.1.0/24");
  expect(JSON.stringify(both)).toBe('["fd00:1::/64","10.244.1.0/24"]');
  expect(both.of("ipv4")?.toString()).toBe("10.244.1.0/24");
  expect(parsePodCIDRs("10.244.1.0/24").of("ipv6")).toBeUndefined();
  expect(both.equals(parsePodCIDRs("fd00:1::/64,10.244.1.0/24"))).toBe(true);
  expect(both.equals(parsePodCIDRs("10.244.1.0/24,fd00:1::/64"))).toBe(false);
  expect(both.equals(parsePodCIDRs("fd00:1::/64"))).toBe(false);
  expect(both.contains(parsePrefix("10.244.1.128/25"))).toBe(true);
  expect(both.contains(parsePrefix("10.244.0.0/16"))).toBe(false);
  expect(both.overlaps(parsePrefix("10.244.0.0/16"))).toBe(true);
  expect(both.overlaps(parsePrefix("10.245.0.0/16"))).toBe(false);
});

test("parsePodCIDRs() says what is wrong with a literal", () => {
  expect(() => parsePodCIDRs("10.1.0.0/24,10.2.0.0/24")).toThrow("has two IPv4 CIDRs");
});

test("firstOfEachFamily() clears host bits", () => {
  expect(String(firstOfEachFamily(["10.1.0.1/24", "10.2.0.1/24", "fd00::1/64"].map(parsePrefix)))).toBe(
    "10.1.0.0/24, fd00::/64",
  );
});

test.each([
  ["10.1.2.0/24", "10.1.2.1/24"],
  ["fd00:1::/64", "fd00:1::1/64"],
])("gatewayOf() gives the first usable address of %s", (podCIDR, gateway) => {
  expect(gatewayOf(parsePrefix(podCIDR)).toString()).toBe(gateway);
});

test.each([
  ["10.1.2.0/24", 253],
  ["10.1.2.0/30", 1],
  ["fd00:1::/120", 254],
])("podAddressesIn() counts what pods can have of %s", (podCIDR, count) => {
  expect(podAddressesIn(parsePrefix(podCIDR))).toBe(count);
});
