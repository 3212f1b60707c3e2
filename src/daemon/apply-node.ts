// Carries out what a plan says beside the conflist: the bridge of an old PodCIDR, the masquerade rules, and what is remembered.
// Each gives conditions for what the machine refused.

import type { Config } from "../config/config.ts";
import { readBridge, removeBridge } from "../dataplane/bridge.ts";
import { applyMasquerade, cleanUpMasquerade } from "../dataplane/masquerade-agent.ts";
import { bridgeName } from "../node-state/names.ts";
import { writeNodeState } from "../node-state/node-state-file.ts";
import { expected } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { type Condition, condition, type Failure } from "./conditions.ts";
import { nodeStateOf, type Plan, type RememberedNode } from "./plan.ts";
import type { MasqueradeState } from "./report.ts";

export interface BridgeOutcome {
  /** Whether the bridge is as the plan wants it. */
  readonly isDone: boolean;
  readonly conditions: readonly Condition[];
}

export interface MasqueradeOutcome {
  readonly state: MasqueradeState;
  readonly conditions: readonly Condition[];
}

/** Removes the bridge when the plan says so and it is still free: a pod may have come since it was looked at. */
export async function applyBridge(system: System, { removesBridge, settled }: Plan): Promise<BridgeOutcome> {
  if (!removesBridge) return { isDone: true, conditions: [] };
  const now = await readBridge(system);
  if (now.kind !== "present" || now.bridge.ports.length > 0) return { isDone: now.kind === "absent", conditions: [] };
  return trying<BridgeOutcome>(
    async () => {
      await removeBridge(system);
      system.log.info(`Removed the bridge ${bridgeName} of another PodCIDR: the next pod makes a new one`, {
        had: now.bridge.addresses.map(String),
        podCIDRs: settled.inForce.podCIDRs.toJSON(),
      });
      return { isDone: true, conditions: [] };
    },
    (why) => ({ isDone: false, conditions: [condition("BridgeNotReplaced", why)] }),
  );
}

/**
 * Holds the rules of the plan in the kernel, or takes them out when there shall be none.
 * @param before the state the last pass left; undefined in the first pass, when an earlier daemon may have left rules
 */
export async function applyMasquerading(
  system: System,
  { masquerade }: Plan,
  { config, before }: { readonly config: Config; readonly before: MasqueradeState | undefined },
): Promise<MasqueradeOutcome> {
  const wanted: MasqueradeState = config.network.masquerade === "daemon" ? "applied" : config.network.masquerade;
  return trying<MasqueradeOutcome>(
    async () => {
      if (masquerade !== undefined) {
        const done = await applyMasquerade(system, masquerade);
        if (done === "applied") system.log.info("Wrote the masquerade rules", { table: "inet headcni" });
      } else if (before !== "bridge" && before !== "none") {
        const done = await cleanUpMasquerade(system);
        if (done === "removed") system.log.info("Removed the masquerade rules", { table: "inet headcni" });
      }
      return { state: wanted, conditions: [] };
    },
    (why) => ({ state: "failed", conditions: [condition("MasqueradeNotApplied", why)] }),
  );
}

/** Writes the node state files; gives the condition when they cannot be written. */
export function rememberNode(system: System, node: RememberedNode): readonly Condition[] {
  try {
    writeNodeState(system.files, nodeStateOf(node));
    return [];
  } catch (error) {
    return [condition("NodeStateNotWritten", failureOf(error))];
  }
}

/** `action`'s value, or that of `otherwise` for a failure of ours; a fault passes through. */
async function trying<T>(action: () => Promise<T>, otherwise: (failure: Failure) => T): Promise<T> {
  try {
    return await action();
  } catch (error) {
    return otherwise(failureOf(error));
  }
}

function failureOf(error: unknown): Failure {
  expected(error);
  return { why: error.message, hint: error.hint };
}
