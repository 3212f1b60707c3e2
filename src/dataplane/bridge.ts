// The bridge pods hang on, as the kernel of this network namespace knows it. The bridge plugin makes it at the
// first pod, or `gateway.ts` before; what is here looks at it, and removes it when its address is of another PodCIDR and nothing hangs
// on it.

import { gatewayOf, type PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { type Device, readDevices } from "../kernel/devices.ts";
import { bridgeName } from "../node-state/names.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { Result } from "../sys/result.ts";
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

/** Asks the kernel. Never throws: a missing or old `ip` is an answer of its own. */
export async function readBridge(system: Pick<System, "exec">): Promise<BridgeReading> {
  return bridgeAmong(await readDevices(system));
}

/** The bridge among the devices of this network namespace. */
export function bridgeAmong(devices: Result<readonly Device[]>): BridgeReading {
  if (devices.kind === "fault") return { kind: "unknown", why: devices.why };
  const device = devices.value.find(({ name }) => name === bridgeName);
  if (device === undefined) return { kind: "absent" };
  const { mtuBytes, addresses } = device;
  return {
    kind: "present",
    bridge: {
      addresses: addresses.filter(({ scope }) => scope === "global").map(({ address }) => address),
      mtuBytes,
      ports: devices.value.filter(({ master }) => master === bridgeName).map(({ name }) => name),
    },
  };
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
