// From what was read of the node to what it shall be. Pure: the hard cases are table rows in the tests, and carrying out a plan
// on what it led to plans nothing more.

import type { Config } from "../config/config.ts";
import type { ConflistSpec } from "../conflist/render.ts";
import { wantedConflist } from "../conflist/wanted.ts";
import { type BridgeReading, refusedAddresses, staleAddresses } from "../dataplane/bridge.ts";
import type { MasqueradePlan } from "../dataplane/masquerade.ts";
import type { NodeState } from "../node-state/node-state.ts";
import type { PodCIDRAnswer } from "../podcidr/answer.ts";
import { type Condition, condition } from "./conditions.ts";
import { type HeldPodCIDR, type PodCount, podWords, type Settled, settlePodCIDR } from "./settle.ts";

/** A node as one pass found it. */
export interface World {
  readonly config: Config;
  readonly answer: PodCIDRAnswer;
  /** The PodCIDR it has been living by; undefined on a node HeadCNI has never seen. */
  readonly held: HeldPodCIDR | undefined;
  readonly bridge: BridgeReading;
  readonly pods: PodCount;
}

export interface Plan {
  readonly settled: Settled;
  /** What the conflist shall say. */
  readonly conflist: ConflistSpec;
  /** Whether the bridge goes: its address is of another PodCIDR and nothing hangs on it. */
  readonly removesBridge: boolean;
  /** Rules the kernel shall hold; undefined: none of ours. */
  readonly masquerade: MasqueradePlan | undefined;
  readonly conditions: readonly Condition[];
}

export function planNode(world: World): Plan {
  const { config, answer, held, bridge, pods } = world;
  const settled = settlePodCIDR({ answer, held, pods, confDir: config.cni.confDir });
  const { podCIDRs } = settled.inForce;
  return {
    settled,
    conflist: wantedConflist(config, podCIDRs),
    removesBridge: isStaleAndFree(world, settled),
    masquerade: config.network.masquerade === "daemon" ? { podCIDRs, clusterCIDRs: answer.clusterCIDRs } : undefined,
    conditions: [...settled.conditions, ...skippedFiles(answer), ...bridgeConditions(bridge, settled, pods)],
  };
}

function isStaleAndFree({ bridge }: World, settled: Settled): boolean {
  if (bridge.kind !== "present" || bridge.bridge.ports.length > 0) return false;
  return staleAddresses(bridge.bridge, settled.inForce.podCIDRs).length > 0;
}

function bridgeConditions(bridge: BridgeReading, settled: Settled, pods: PodCount): Condition[] {
  if (bridge.kind === "absent") return [];
  if (bridge.kind === "unknown") return [condition("BridgeUnknown", { why: bridge.why })];
  if (bridge.bridge.ports.length === 0) return [];
  const { podCIDRs } = settled.inForce;
  const addresses = refusedAddresses(bridge.bridge, podCIDRs);
  return addresses.length === 0
    ? []
    : [condition("BridgeAddressConflict", { addresses, podCIDRs, pods: podWords(pods) })];
}

/** Files the chain could not use. What it merely passed over (a cluster's CIDR in a node's place) is for the log. */
function skippedFiles(answer: PodCIDRAnswer): Condition[] {
  const files = answer.trace.flatMap(({ file, line, outcome, reason }) =>
    outcome === "invalid" && file !== undefined
      ? [`${file}${line === undefined ? "" : `:${line}`}: ${reason ?? "cannot be used"}`]
      : [],
  );
  return files.length === 0 ? [] : [condition("SourceFilesSkipped", { files })];
}

export interface RememberedNode {
  readonly nodeName: string;
  readonly config: Config;
  readonly inForce: HeldPodCIDR;
  /** What holds now. */
  readonly conditions: readonly Condition[];
}

/** What the daemon remembers of a node and tells the CNI plugin. */
export function nodeStateOf({ nodeName, config, inForce, conditions }: RememberedNode): NodeState {
  const { podCIDRs, source, file, line } = inForce;
  return {
    nodeName,
    podCIDRs,
    podCIDRSource: source === undefined ? undefined : { source, file, line },
    bridge: config.network.bridge,
    conditions,
  };
}
