// From what was read of the node to what it shall be. Pure: the hard cases are table rows in the tests, and carrying out a plan
// on what it led to plans nothing more.

import type { Condition } from "../agent/conditions.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Config } from "../config/config.ts";
import type { ConflistSpec } from "../conflist/render.ts";
import { wantedConflist } from "../conflist/wanted.ts";
import { type BridgeReading, refusedAddresses, staleAddresses } from "../dataplane/bridge.ts";
import type { Networks } from "../kernel/networks.ts";
import type { Assignment, PodCIDRAnswer } from "../podcidr/answer.ts";
import type { ClaimEffects } from "../tailnet/claims-view.ts";
import { type Adoption, adoptPodCIDR, type PodCount, podWords, sourceWords } from "./adoption.ts";
import { condition } from "./conditions.ts";

/** A node as one step found it. */
export interface ObservedNode {
  readonly config: Config;
  readonly answer: PodCIDRAnswer;
  /** The one in force; undefined on a node HeadCNI has never seen. */
  readonly current: Assignment | undefined;
  readonly bridge: BridgeReading;
  readonly pods: PodCount;
  readonly networks: Networks;
  /** @default none */
  readonly claim?: ClaimEffects | undefined;
}

export interface Plan {
  readonly adoption: Adoption;
  /** What the conflist shall say. */
  readonly conflist: ConflistSpec;
  /** Whether the bridge goes: its address is of another PodCIDR and nothing hangs on it. */
  readonly removesBridge: boolean;
  readonly conditions: readonly Condition[];
}

export function planNode(node: ObservedNode): Plan {
  const { config, answer, current, bridge, pods, networks, claim } = node;
  const adoption = adoptPodCIDR({ answer, current, pods, claim, confDir: config.cni.confDir });
  const { podCIDRs } = adoption.effective;
  return {
    adoption,
    conflist: wantedConflist(config, podCIDRs),
    removesBridge: isStaleAndFree(bridge, podCIDRs),
    conditions: [
      ...adoption.conditions,
      ...notListed(answer),
      ...nodeObjectDiffers(answer, adoption),
      ...questionable(answer),
      ...networksUnknown(networks, bridge),
      ...skippedFiles(answer),
      ...bridgeConditions(bridge, podCIDRs, pods),
    ],
  };
}

function isStaleAndFree(bridge: BridgeReading, podCIDRs: PodCIDRs): boolean {
  if (bridge.kind !== "present" || bridge.bridge.ports.length > 0) return false;
  return staleAddresses(bridge.bridge, podCIDRs).length > 0;
}

function bridgeConditions(bridge: BridgeReading, podCIDRs: PodCIDRs, pods: PodCount): Condition[] {
  if (bridge.kind === "absent") return [];
  if (bridge.kind === "unknown") return [condition("BridgeUnknown", { why: bridge.why })];
  if (bridge.bridge.ports.length === 0) return [];
  const addresses = refusedAddresses(bridge.bridge, podCIDRs);
  return addresses.length === 0
    ? []
    : [condition("BridgeAddressConflict", { addresses, podCIDRs, pods: podWords(pods) })];
}

/** An operator that sets the environment has given this node its range another way. */
function notListed({ nodeName, source, namedInstead: nearest }: PodCIDRAnswer): Condition[] {
  return nearest === undefined || source === "env" ? [] : [condition("NodeNotListed", { nodeName, nearest })];
}

/** kube-proxy and clouds go by the Node object, whatever HeadCNI does. */
function nodeObjectDiffers({ nodeObject }: PodCIDRAnswer, { effective }: Adoption): Condition[] {
  const inForce = effective.podCIDRs;
  if (nodeObject === undefined || nodeObject.equals(inForce)) return [];
  return [condition("NodeObjectDiffers", { inForce, source: sourceWords(effective), nodeObject })];
}

function questionable({ doubts = [], clusterDoubts = [] }: PodCIDRAnswer): Condition[] {
  return [
    ...(doubts.length === 0 ? [] : [condition("PodCIDRQuestionable", { doubts })]),
    ...(clusterDoubts.length === 0 ? [] : [condition("ClusterCIDROverlaps", { doubts: clusterDoubts })]),
  ];
}

/** Where not even the bridge can be looked at, that is said already. */
function networksUnknown(networks: Networks, bridge: BridgeReading): Condition[] {
  if (networks.kind === "known" || bridge.kind === "unknown") return [];
  return [condition("NetworksUnknown", { why: networks.why })];
}

/**
 * Files the chain could not use, and those whose range is somebody else's. What it merely passed over (a cluster's CIDR in a node's
 * place) is for the log.
 */
function skippedFiles(answer: PodCIDRAnswer): Condition[] {
  const files = answer.trace.flatMap(({ file, line, outcome, reason, code }) =>
    (outcome === "invalid" || code !== undefined) && file !== undefined
      ? [`${file}${line === undefined ? "" : `:${line}`}: ${reason ?? "cannot be used"}`]
      : [],
  );
  return files.length === 0 ? [] : [condition("SourceFilesSkipped", { files })];
}
