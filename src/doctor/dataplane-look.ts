// What the kernel should hold for pods beside what it holds: the daemon's own plan, carried out in nothing.

import type { Condition } from "../agent/conditions.ts";
import type { Config } from "../config/config.ts";
import { type BridgeReading, bridgeAmong } from "../dataplane/bridge.ts";
import { type DataplanePlan, planDataplane } from "../dataplane/dataplane-plan.ts";
import { type Firewalls, findFirewalls } from "../dataplane/forward/firewall.ts";
import { checkKernel, findTailnetDevice } from "../dataplane/kernel-checks.ts";
import { readSysctls, type Sysctls } from "../dataplane/sysctls.ts";
import { type Device, readDevices } from "../kernel/devices.ts";
import { isGuess } from "../podcidr/answer.ts";
import type { Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import { tailscaleDevice } from "../tailnet/device.ts";
import type { NodePlan } from "./node-plan.ts";
import type { MeshLook } from "./tailnet-look.ts";

export interface KernelLook {
  readonly plan: DataplanePlan;
  /** Whether there is a network map: without one the daemon puts nothing in place that is not there. */
  readonly hasTailnet: boolean;
  readonly bridge: BridgeReading;
  readonly devices: Result<readonly Device[]>;
  readonly firewalls: Firewalls;
  readonly sysctls: Sysctls;
  /** Those the daemon would raise for the node's own settings. */
  readonly conditions: readonly Condition[];
}

export interface DataplaneLookInput {
  readonly config: Config;
  readonly node: NodePlan;
  /** Undefined without a network map. */
  readonly mesh: MeshLook | undefined;
}

export async function examineDataplane(
  system: System,
  { config, node: { answer, current, plan: nodePlan }, mesh }: DataplaneLookInput,
): Promise<KernelLook> {
  const { mtuBytes } = config.network.bridge;
  const { podCIDRs, source } = nodePlan.adoption.effective;
  const [devices, firewalls] = await Promise.all([readDevices(system), findFirewalls(system)]);
  const plan = planDataplane({
    ranges: { podCIDRs, clusterCIDRs: answer.clusterCIDRs, isGuess: isGuess(source), current },
    serviceCIDRs: config.network.serviceCIDR,
    masquerade: config.network.masquerade,
    mtuBytes,
    tailnet: mesh === undefined ? { kind: "unknown" } : { kind: "used", peers: mesh.mesh.podCIDRs },
    tailnetDevice: findTailnetDevice(devices)?.name ?? tailscaleDevice,
    isGivenUp: false,
  });
  const bridge = bridgeAmong(devices);
  const sysctls = readSysctls(system);
  const conditions = checkKernel({ plan, firewalls, bridge, devices, sysctls, mtuBytes });
  return { plan, hasTailnet: mesh !== undefined, bridge, devices, firewalls, sysctls, conditions };
}
