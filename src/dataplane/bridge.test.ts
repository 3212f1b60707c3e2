import { describe, expect, test } from "bun:test";
import { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import { parseDevices } from "../kernel/devices.ts";
import { createSystem } from "../sys/system.ts";
import { bridgeAmong, readBridge, refusedAddresses, removeBridge, staleAddresses } from "./bridge.ts";
import { fakeKernel, printDevices } from "./testing.ts";

const prefixes = (...texts: string[]) => texts.map(parsePrefix);
const bridge = (addresses: string[], ports: string[] = []) => ({
  addresses: prefixes(...addresses),
  mtuBytes: 1280,
  ports,
});

const bridgeIn = (text: string) => bridgeAmong(parseDevices(text));

describe("bridgeAmong()", () => {
  test("reads addresses, MTU and ports, and leaves link-local addresses out", () => {
    const text = printDevices({ addresses: prefixes("10.1.0.1/24", "fd00::1/64"), ports: ["veth1", "veth2"] });
    expect(bridgeIn(text)).toEqual({
      kind: "present",
      bridge: bridge(["10.1.0.1/24", "fd00::1/64"], ["veth1", "veth2"]),
    });
  });

  test.each([
    ["no bridge", printDevices(undefined), "absent"],
    ["an empty list", "[]", "absent"],
    ["devices without the expected fields", '[{"ifname":"headcni0"},null,3]', "present"],
    ["text of an ip that knows no JSON", "1: lo: <LOOPBACK,UP>", "unknown"],
    ["nothing", "", "unknown"],
  ] as const)("takes %s for %s", (_name, text, kind) => {
    expect(bridgeIn(text).kind).toBe(kind);
  });
});

describe("readBridge()", () => {
  test.each([
    ["missing", "Cannot start ip: does not exist"],
    ["Permission denied", "ip -j addr show failed: Permission denied"],
  ])("says why when ip fails: %s", async (fault, why) => {
    const kernel = fakeKernel();
    kernel.ipFault = fault;
    expect(await readBridge({ ...createSystem(), exec: kernel.exec })).toEqual({ kind: "unknown", why });
  });
});

describe("removeBridge()", () => {
  test("removes the bridge, and is content when it is gone", async () => {
    const kernel = fakeKernel();
    kernel.bridge = { addresses: [], ports: [] };
    const system = { ...createSystem(), exec: kernel.exec };
    await removeBridge(system);
    expect(kernel.bridge).toBeUndefined();
    await removeBridge(system);
  });

  test("says what ip said when it refuses", async () => {
    const kernel = fakeKernel();
    kernel.ipFault = "RTNETLINK answers: Operation not permitted";
    const removed = removeBridge({ ...createSystem(), exec: kernel.exec });
    await expect(removed).rejects.toThrow(
      "Cannot remove the bridge headcni0: RTNETLINK answers: Operation not permitted",
    );
  });
});

// What the bridge plugin itself does with each of these is tried in test/daemon.
const rows: [string, string[], string[], string[], string[]][] = [
  ["its own gateway", ["10.1.0.1/24"], ["10.1.0.0/24"], [], []],
  ["another IPv4 address", ["10.2.0.1/24"], ["10.1.0.0/24"], ["10.2.0.1/24"], ["10.2.0.1/24"]],
  ["its own and another", ["10.1.0.1/24", "10.2.0.1/24"], ["10.1.0.0/24"], ["10.2.0.1/24"], []],
  ["another and its own", ["10.2.0.1/24", "10.1.0.1/24"], ["10.1.0.0/24"], ["10.2.0.1/24"], ["10.2.0.1/24"]],
  ["the gateway with another length", ["10.1.0.1/16"], ["10.1.0.0/24"], ["10.1.0.1/16"], ["10.1.0.1/16"]],
  ["another IPv6 network", ["fd00:2::1/64"], ["fd00:1::/64"], ["fd00:2::1/64"], []],
  ["an overlapping IPv6 network", ["fd00:1::9/48"], ["fd00:1::/64"], ["fd00:1::9/48"], ["fd00:1::9/48"]],
  ["a family that is not wanted", ["10.1.0.1/24", "fd00:1::1/64"], ["10.1.0.0/24"], ["fd00:1::1/64"], []],
  ["no address yet", [], ["10.1.0.0/24"], [], []],
];

describe("staleAddresses() and refusedAddresses()", () => {
  test.each(rows)("judge a bridge with %s", (_name, addresses, podCIDRs, stale, refused) => {
    const wanted = new PodCIDRs(prefixes(...podCIDRs));
    expect(staleAddresses(bridge(addresses), wanted).map(String)).toEqual(stale);
    expect(refusedAddresses(bridge(addresses), wanted).map(String)).toEqual(refused);
  });
});
