import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { cniVersions, isAtLeast, newestCommonBelow, olderOf } from "../spec/versions.ts";
import { convertResult } from "./convert-result.ts";

const newest = {
  cniVersion: "1.1.0",
  interfaces: [
    { name: "eth0", mac: "02:00:00:00:00:01", mtu: 1280, sandbox: "/n", socketPath: "/s", pciID: "0000:00" },
  ],
  ips: [
    { address: "10.1.0.2/24", gateway: "10.1.0.1", interface: 0 },
    { address: "fd00::2/64", gateway: "fd00::1", interface: 0 },
  ],
  routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1", mtu: 1280, advmss: 1240, priority: 5, table: 7, scope: 0 }],
  dns: { nameservers: ["10.96.0.10"] },
  vendor: { kept: true },
} as const;

describe("convertResult()", () => {
  test("1.1.0 to 1.0.0 takes away what came with 1.1.0, and nothing else", () => {
    expect(convertResult(newest, "1.0.0")).toEqual({
      cniVersion: "1.0.0",
      interfaces: [{ name: "eth0", mac: "02:00:00:00:00:01", sandbox: "/n" }],
      ips: newest.ips,
      routes: [{ dst: "0.0.0.0/0", gw: "10.1.0.1" }],
      dns: newest.dns,
      vendor: { kept: true },
    });
  });

  test.each(["0.3.0", "0.3.1", "0.4.0"] as const)("1.1.0 to %s says the family of each address", (version) => {
    const { cniVersion, ips } = convertResult(newest, version);
    expect(cniVersion).toBe(version);
    expect(ips).toEqual([
      { version: "4", address: "10.1.0.2/24", gateway: "10.1.0.1", interface: 0 },
      { version: "6", address: "fd00::2/64", gateway: "fd00::1", interface: 0 },
    ]);
  });

  test("0.4.0 to 1.0.0 takes the family away", () => {
    const old = { cniVersion: "0.4.0", ips: [{ version: "4", address: "10.1.0.2/24" }] };
    expect(convertResult(old, "1.0.0")).toEqual({ cniVersion: "1.0.0", ips: [{ address: "10.1.0.2/24" }] });
  });

  test("1.1.0 to itself is the same", () => {
    expect(convertResult(newest, "1.1.0")).toEqual(newest);
  });

  test("leaves alone what is no list of objects", () => {
    const odd = { ips: "none", routes: [null, 7], interfaces: null };
    expect(convertResult(odd, "0.4.0")).toEqual({ cniVersion: "0.4.0", ...odd });
  });

  test("is the same whether it goes straight or by way of a newer version", () => {
    const version = fc.constantFrom(...cniVersions);
    fc.assert(
      fc.property(version, version, (via, to) => {
        const detour = isAtLeast(via, to) ? via : to;
        expect(convertResult(convertResult(newest, detour), to)).toEqual(convertResult(newest, to));
      }),
    );
  });
});

describe("versions", () => {
  test("isAtLeast() and olderOf() know the order", () => {
    expect(isAtLeast("1.0.0", "0.4.0")).toBe(true);
    expect(isAtLeast("0.3.1", "0.4.0")).toBe(false);
    expect(isAtLeast("0.4.0", "0.4.0")).toBe(true);
    expect(olderOf("1.1.0", "0.3.0")).toBe("0.3.0");
  });

  test("newestCommonBelow() finds what everybody speaks", () => {
    expect(
      newestCommonBelow("1.1.0", [
        ["0.4.0", "1.0.0"],
        ["0.3.1", "0.4.0"],
      ]),
    ).toBe("0.4.0");
    expect(newestCommonBelow("1.1.0", [["1.1.0"], ["1.0.0"]])).toBeUndefined();
    expect(newestCommonBelow("0.3.0", [["0.3.0"]])).toBeUndefined();
  });
});
