// The bridge pods hang on, as the kernel of this network namespace knows it. HeadCNI never makes it (the bridge plugin does,
// at the first pod); it looks at it, and removes it when its address is of another PodCIDR and nothing hangs on it.
// Asked of `ip`, not of /sys: what sysfs shows is of the namespace it was mounted in, not of the one the daemon runs in.

import { type Addr, tryParseAddr } from "../cidr/addr.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { Prefix } from "../cidr/prefix.ts";
import { bridgeName } from "../node-state/names.ts";
import { describeError, HeadcniError } from "../sys/errors.ts";
import { isJsonObject } from "../sys/json.ts";
import type { System } from "../sys/system.ts";

export interface Bridge {
  /** Addresses with their lengths, host bits kept (`10.244.1.1/24`); link-local ones left out. */
  readonly addresses: readonly Prefix[];
  readonly mtuBytes: number;
  /** Devices on the bridge: one veth a pod. */
  readonly ports: readonly string[];
}

/** What is known of the bridge. `unknown` is not `absent`: nothing may be removed on a guess. */
export type BridgeReading =
  | { readonly kind: "absent" }
  | { readonly kind: "present"; readonly bridge: Bridge }
  | { readonly kind: "unknown"; readonly why: string };

/** Asks `ip -j addr`. Never throws: a missing or old `ip` is an answer of its own. */
export async function readBridge(system: System): Promise<BridgeReading> {
  try {
    const { exitCode, stdout, stderr } = await system.exec.run(["ip", "-j", "addr", "show"], {
      timeoutMs: 5000,
      maxOutputBytes: 8 << 20,
    });
    if (exitCode !== 0) return { kind: "unknown", why: `ip -j addr failed: ${firstLine(stderr)}` };
    return parseDevices(stdout);
  } catch (error) {
    return { kind: "unknown", why: describeError(error) };
  }
}

/**
 * Reads the JSON of `ip -j addr show` (iproute2 4.13 or later): a list of devices, each with `ifname`, `mtu`, `master` when it
 * is a bridge's port, and `addr_info[]` of `local`, `prefixlen`, `scope`.
 */
export function parseDevices(text: string): BridgeReading {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { kind: "unknown", why: "ip -j addr did not print JSON: this ip is too old, or not iproute2's" };
  }
  const devices = Array.isArray(json) ? json.filter(isJsonObject) : [];
  const device = devices.find((candidate) => candidate.ifname === bridgeName);
  if (device === undefined) return { kind: "absent" };
  const infos = Array.isArray(device.addr_info) ? device.addr_info.filter(isJsonObject) : [];
  return {
    kind: "present",
    bridge: {
      addresses: infos
        .filter((info) => info.scope === "global")
        .flatMap((info) => toPrefix(info.local, info.prefixlen)),
      mtuBytes: typeof device.mtu === "number" ? device.mtu : 0,
      ports: devices.filter(({ master }) => master === bridgeName).map(({ ifname }) => String(ifname)),
    },
  };
}

function toPrefix(local: unknown, length: unknown): Prefix[] {
  const addr = typeof local === "string" ? tryParseAddr(local) : undefined;
  return addr === undefined || typeof length !== "number" ? [] : [new Prefix(addr, length)];
}

/** The address the bridge plugin gives the bridge for a PodCIDR: the first usable one, with the PodCIDR's length. */
export function gatewayOf(podCIDR: Prefix): Prefix {
  const gateway: Addr | undefined = podCIDR.first.plus(1n);
  return new Prefix(gateway ?? podCIDR.first, podCIDR.bits);
}

/** Addresses on the bridge that belong to none of `podCIDRs`: what an earlier PodCIDR left. */
export function staleAddresses(bridge: Bridge, podCIDRs: PodCIDRs): readonly Prefix[] {
  const gateways = podCIDRs.list.map(gatewayOf);
  return bridge.addresses.filter((address) => !gateways.some((gateway) => gateway.equals(address)));
}

/**
 * Addresses for which the bridge plugin refuses every ADD ("already has an IP address different from"). It goes through the
 * bridge's addresses in order until it meets the gateway: any other one before that in IPv4, an overlapping one in IPv6
 * (`ensureAddr` in the plugin's bridge.go).
 */
export function refusedAddresses(bridge: Bridge, podCIDRs: PodCIDRs): readonly Prefix[] {
  return podCIDRs.list.flatMap((podCIDR) => {
    const family = bridge.addresses.filter((address) => address.family === podCIDR.family);
    const gateway = gatewayOf(podCIDR);
    const found = family.findIndex((address) => address.equals(gateway));
    const before = found < 0 ? family : family.slice(0, found);
    return before.filter((address) => address.family === "ipv4" || podCIDR.overlaps(address));
  });
}

/**
 * Removes the bridge device. One that is already gone is fine.
 * @throws HeadcniError HC_DATAPLANE when `ip` refuses; HC_EXEC_FAILED when there is no `ip`.
 */
export async function removeBridge(system: System): Promise<void> {
  const { exitCode, stderr } = await system.exec.run(["ip", "link", "del", "dev", bridgeName], { timeoutMs: 5000 });
  if (exitCode === 0 || /cannot find device/i.test(stderr)) return;
  throw new HeadcniError("HC_DATAPLANE", `Cannot remove the bridge ${bridgeName}: ${firstLine(stderr)}`);
}

function firstLine(text: string): string {
  return text.trim().split("\n", 1)[0] || "no message";
}
