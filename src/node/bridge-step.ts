// Removes the bridge of an old PodCIDR: the next pod brings the new one.

import { type Condition, failureOf } from "../agent/conditions.ts";
import { readBridge, removeBridge } from "../dataplane/bridge.ts";
import { bridgeName } from "../node-state/names.ts";
import type { System } from "../sys/system.ts";
import { condition } from "./conditions.ts";
import type { Plan } from "./plan.ts";

export interface BridgeOutcome {
  /** Whether the bridge is as the plan wants it. */
  readonly isDone: boolean;
  readonly conditions: readonly Condition[];
}

/** Removes the bridge when the plan says so and it is still free: a pod may have come since it was looked at. */
export async function applyBridge(system: System, { removesBridge, adoption }: Plan): Promise<BridgeOutcome> {
  if (!removesBridge) return { isDone: true, conditions: [] };
  const now = await readBridge(system);
  if (now.kind !== "present" || now.bridge.ports.length > 0) return { isDone: now.kind === "absent", conditions: [] };
  try {
    await removeBridge(system);
  } catch (error) {
    return { isDone: false, conditions: [condition("BridgeNotReplaced", failureOf(error))] };
  }
  system.log.info(
    "BridgeRemoved",
    `Removed the bridge ${bridgeName} of another PodCIDR: the next pod makes a new one`,
    {
      had: now.bridge.addresses.map(String),
      podCIDRs: adoption.effective.podCIDRs.toJSON(),
    },
  );
  return { isDone: true, conditions: [] };
}
