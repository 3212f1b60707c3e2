import { expect, test } from "bun:test";
import { parseDevices } from "../kernel/devices.ts";
import { fault } from "../sys/result.ts";
import { findTailnetDevice } from "./kernel-checks.ts";

/** One as `ip -j addr show` prints it, with an address or without. */
function device(ifname: string, address?: string) {
  const [local, length] = address?.split("/") ?? [];
  const info = { family: "inet", local, prefixlen: Number(length), scope: "global" };
  return { ifname, mtu: 1280, addr_info: address === undefined ? [] : [info] };
}

test.each([
  ["by its name", [device("ppp0", "100.70.1.2/32"), device("tailscale0")], "tailscale0"],
  [
    "by its address, where it has another name",
    [device("eth0", "100.70.1.2/24"), device("ts0", "100.64.0.1/32")],
    "ts0",
  ],
  ["nowhere", [device("eth0", "192.0.2.1/32")], undefined],
])("findTailnetDevice() finds it %s", (_how, devices, name) => {
  expect(findTailnetDevice(parseDevices(JSON.stringify(devices)))?.name).toBe(name);
});

test("findTailnetDevice() finds none where devices cannot be read", () => {
  expect(findTailnetDevice(fault("no ip"))).toBeUndefined();
});
