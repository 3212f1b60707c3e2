// What of the node's own settings keeps pods from their network, although everything of ours is in place. Pure.

import type { Condition } from "../agent/conditions.ts";
import type { Device } from "../kernel/devices.ts";
import type { Result } from "../sys/result.ts";
import { tailscaleDevice } from "../tailnet/device.ts";
import { tailnetRangeOf } from "../tailnet/ranges.ts";
import type { BridgeReading } from "./bridge.ts";
import { condition } from "./conditions.ts";
import type { DataplanePlan } from "./dataplane-plan.ts";
import type { Firewalls } from "./forward/firewall.ts";
import { bridgeNetfilterKeys, forwardingKeys, type Sysctls } from "./sysctls.ts";

export interface KernelChecksInput {
  readonly plan: Pick<DataplanePlan, "open" | "families">;
  readonly firewalls: Pick<Firewalls, "refusing">;
  readonly bridge: BridgeReading;
  readonly devices: Result<readonly Device[]>;
  readonly sysctls: Sysctls;
  /** What new pods get. */
  readonly mtuBytes: number;
}

/** The conditions of a node on a tailnet. */
export function checkKernel(input: KernelChecksInput): readonly Condition[] {
  const { plan, firewalls, devices, mtuBytes } = input;
  const tailnet = findTailnetDevice(devices);
  const isTooLarge = tailnet !== undefined && mtuBytes > tailnet.mtuBytes;
  return [
    ...(firewalls.refusing.length === 0 ? [] : [condition("ForwardRefused", { chains: firewalls.refusing })]),
    ...switches(input),
    ...(isTooLarge
      ? [condition("PodMtuTooLarge", { podMtuBytes: mtuBytes, device: tailnet.name, deviceMtuBytes: tailnet.mtuBytes })]
      : []),
    ...(plan.open.length === 0 ? [] : [condition("ClusterNotClosed", { clusterCIDRs: plan.open })]),
  ];
}

/** Asked only where pods are: the bridge plugin turns forwarding on with the first one. */
function switches({ plan, bridge, sysctls }: KernelChecksInput): readonly Condition[] {
  if (bridge.kind !== "present" || bridge.bridge.ports.length === 0) return [];
  const off = plan.families.map((family) => forwardingKeys[family]).filter((key) => sysctls[key] === "0");
  const unfiltered = plan.families.map((family) => bridgeNetfilterKeys[family]).filter((key) => sysctls[key] !== "1");
  return [
    ...(off.length === 0 ? [] : [condition("ForwardingOff", { keys: off })]),
    ...(unfiltered.length === 0 ? [] : [condition("BridgeNetfilterOff", { keys: unfiltered })]),
  ];
}

/**
 * The one with tailscaled's own name, else one with a single address out of Tailscale's range, whatever `--tun` calls it. Providers give
 * such addresses too (RFC 6598), hence the name first.
 */
export function findTailnetDevice(devices: Result<readonly Device[]>): Device | undefined {
  if (devices.kind !== "ok") return undefined;
  const isSingle = ({ addresses }: Device): boolean =>
    addresses.some(({ address }) => address.bits === 32 && tailnetRangeOf.ipv4.contains(address));
  return devices.value.find(({ name }) => name === tailscaleDevice) ?? devices.value.find(isSingle);
}
