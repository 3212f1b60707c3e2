// Makes the pod bridge with the node's gateway addresses before the first pod does, as the bridge plugin would: so that there is an
// address by which other nodes can be reached, and can reach this one. What the plugin made is left as it is.

import { gatewayOf, type PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { bridgeName } from "../node-state/names.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { type BridgeReading, removeBridge, staleAddresses } from "./bridge.ts";

export interface WantedBridge {
  readonly podCIDRs: PodCIDRs;
  readonly mtuBytes: number;
}

/** The gateway addresses that are missing; none while the bridge has addresses of another PodCIDR, which the node agent sees to. */
export function missingGateways(reading: BridgeReading, podCIDRs: PodCIDRs): readonly Prefix[] {
  if (reading.kind === "unknown") return [];
  const gateways = podCIDRs.list.map(gatewayOf);
  if (reading.kind === "absent") return gateways;
  if (staleAddresses(reading.bridge, podCIDRs).length > 0) return [];
  return gateways.filter((gateway) => !reading.bridge.addresses.some((address) => address.equals(gateway)));
}

/**
 * Makes the bridge, or gives it what it lacks.
 * @returns whether something had to be changed
 * @throws HeadcniError HC_DATAPLANE when `ip` refuses, saying what it said
 */
export async function holdBridge(
  system: System,
  reading: BridgeReading,
  { podCIDRs, mtuBytes }: WantedBridge,
): Promise<boolean> {
  const missing = missingGateways(reading, podCIDRs);
  if (missing.length === 0) return false;
  // The plugin gives the bridge its own address, too: without one it would take a port's, and another one when that pod goes.
  const device = ["name", bridgeName, "address", randomMac(system), "mtu", String(mtuBytes), "up", "type", "bridge"];
  // A pod's ADD may have made it meanwhile.
  const isMade = reading.kind === "absent" && (await ip(system, ["link", "add", ...device], isThere)) === "done";
  if (!isMade) await ip(system, ["link", "set", "dev", bridgeName, "up"]);
  for (const gateway of missing) await ip(system, ["addr", "add", ...addressArgs(gateway)], isThere);
  return true;
}

/**
 * Takes the gateway addresses away with the bridge, unless a pod has come meanwhile.
 * @returns whether something had to be changed
 * @throws HeadcniError HC_DATAPLANE when `ip` refuses
 */
export async function giveUpBridge(system: System, reading: BridgeReading, podCIDRs: PodCIDRs): Promise<boolean> {
  if (reading.kind !== "present" || reading.bridge.ports.length > 0) return false;
  const { addresses } = reading.bridge;
  if (!podCIDRs.list.map(gatewayOf).some((gateway) => addresses.some((address) => address.equals(gateway))))
    return false;
  await removeBridge(system);
  return true;
}

/** What ip says of a device or an address that is there already. */
const isThere = /File exists|already assigned/i;

/** A bridge without ports has no carrier, so that duplicate address detection would never end. */
function addressArgs(gateway: Prefix): readonly string[] {
  const options = gateway.family === "ipv4" ? ["broadcast", "+"] : ["nodad"];
  return [gateway.toString(), ...options, "dev", bridgeName];
}

/** Locally administered, of one device. */
function randomMac({ random }: System): string {
  const bytes = Array.from({ length: 6 }, () => Math.floor(random() * 256));
  const [first = 0, ...rest] = bytes;
  return [(first & 0xfc) | 0x02, ...rest].map((byte) => byte.toString(16).padStart(2, "0")).join(":");
}

/** @returns "needless" when it was so already, as `isFine` says */
async function ip(system: System, args: readonly string[], isFine?: RegExp): Promise<"done" | "needless"> {
  const { exitCode, stderr } = await system.exec.run(["ip", ...args], { timeoutMs: 5000 });
  if (exitCode === 0) return "done";
  if (isFine?.test(stderr) === true) return "needless";
  const said = stderr.trim().split("\n", 1)[0] || "no message";
  throw new HeadcniError("HC_DATAPLANE", `Cannot make the bridge ${bridgeName}: ip ${args.join(" ")} failed: ${said}`);
}
