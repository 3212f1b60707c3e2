import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { anyText } from "../sys/fs/testing.ts";
import { isPreferredToOurs, isRuntimeConfig, runtimeOrder } from "./runtime-order.ts";

describe("runtimeOrder()", () => {
  test("is the order containerd 1.6 was seen to take, and passes over what it ignores", () => {
    const names = [
      "99-loopback.conf",
      "10-headcni.conflist",
      "10-headcni.conflist.bak",
      "10-flannel.conflist",
      "10-crio-bridge.conf",
      "10-containerd-net.conflist",
      "10-calico.conflist",
      "10-calico.conflist.headcni-aside",
      "05-cilium.conflist",
      "00-multus.conf",
      "aws.json",
      ".10-headcni.conflist.0123456789ab.tmp",
      "README",
    ];
    expect(runtimeOrder(names)).toEqual([
      "00-multus.conf",
      "05-cilium.conflist",
      "10-calico.conflist",
      "10-containerd-net.conflist",
      "10-crio-bridge.conf",
      "10-flannel.conflist",
      "10-headcni.conflist",
      "99-loopback.conf",
      "aws.json",
    ]);
  });

  test("is the order of the names' bytes", () => {
    const names = fc.array(
      anyText({ maxLength: 12 }).map((text) => `${text}.conf`),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(names, (list) => {
        const byBytes = list.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        expect(runtimeOrder(list)).toEqual(byBytes);
      }),
    );
  });
});

describe("isRuntimeConfig()", () => {
  test.each([
    ["10-a.conf", true],
    ["10-a.conflist", true],
    ["10-a.json", true],
    [".conf", true],
    [".hidden.conflist", true],
    ["10-a.CONF", false],
    ["10-a.conf.bak", false],
    ["10-a.conf~", false],
    ["10-a.conflist.cilium_bak", false],
    ["conf", false],
    ["10-a.yaml", false],
  ])("%s: %p", (name, expected) => {
    expect(isRuntimeConfig(name)).toBe(expected);
  });
});

describe("isPreferredToOurs()", () => {
  test.each([
    ["10-flannel.conflist", true],
    ["10-headcni.conf", true],
    ["10-headcni.conflist", false],
    ["10-headcni.json", false],
    ["10-headcnj.conf", false],
    ["100-bridge.conf", false],
    ["9-bridge.conf", false],
    ["00-broken.conf.disabled", false],
  ])("%s: %p", (name, expected) => {
    expect(isPreferredToOurs(name)).toBe(expected);
  });
});
