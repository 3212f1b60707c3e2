// Reads what a step of the node needs: what the PodCIDR chain says, which PodCIDR is in force, and what holds on to it. Changes nothing.

import type { Condition } from "../agent/conditions.ts";
import { firstOfEachFamily, type PodCIDRs } from "../cidr/pod-cidrs.ts";
import { configInvalid } from "../config/agent.ts";
import type { LoadedConfig } from "../config/config.ts";
import { type BridgeReading, bridgeAmong } from "../dataplane/bridge.ts";
import { countLeases } from "../ipam/attachment-count.ts";
import { type Networks, readNetworks } from "../kernel/networks.ts";
import { nodeNameFaults } from "../node-name/conditions.ts";
import type { NodeNameAnswer } from "../node-name/node-name-answer.ts";
import { resolveNodeName } from "../node-name/resolve.ts";
import { bridgeName, conflistFileName, networkName } from "../node-state/names.ts";
import { nodeStateFiles, readNodeState } from "../node-state/node-state-file.ts";
import type { Assignment, PodCIDRAnswer, PodCIDRSource } from "../podcidr/answer.ts";
import { decidePodCIDR, type NodeFacts } from "../podcidr/chain.ts";
import { readChain } from "../podcidr/read-chain.ts";
import { oneLook } from "../programs/kept-read.ts";
import { parseConflist, pluginEntries } from "../spec/conflist.ts";
import { hostLocalSubnets } from "../spec/host-local.ts";
import { describeError, expected } from "../sys/errors.ts";
import { join } from "../sys/fs/path.ts";
import { isJsonObject } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import type { PodCount } from "./adoption.ts";

export interface Observation {
  readonly bridge: BridgeReading;
  readonly pods: PodCount;
  /** Addresses and routes of the node. */
  readonly networks: Networks;
}

export interface AskChainOptions {
  readonly loaded: LoadedConfig;
  /** `--node-name` */
  readonly nodeName: string | undefined;
  /** The answers of the last step. */
  readonly last: ChainAnswers | undefined;
}

export interface ChainAnswers {
  readonly nodeName: NodeNameAnswer;
  readonly answer: PodCIDRAnswer;
}

/** What the chain says, given what the node has. @throws ConfigError when it cannot say anything and nothing is in force */
type Decide = (node: NodeFacts) => ChainAnswers & { readonly conditions: readonly Condition[] };

/**
 * Reads what the node's name and its PodCIDR are made of, to be decided on when the node has been looked at too. Once a daemon runs, a name
 * that has become wrong does not stop it: the last answers stay, and a condition says so.
 * @throws ConfigError in the first step only
 */
export function askChain(system: System, { loaded, nodeName: flag, last }: AskChainOptions): Decide {
  try {
    const look = oneLook(system);
    const nodeName = resolveNodeName(look, { flag, loaded });
    const reading = readChain(look, { nodeName: nodeName.name, config: loaded });
    const conditions = nodeNameFaults(nodeName);
    return (node) => {
      if (loaded.conflict !== undefined && node.current === undefined) throw loaded.conflict;
      return { nodeName, answer: decidePodCIDR(reading, node), conditions };
    };
  } catch (error) {
    expected(error);
    if (last === undefined) throw error;
    const conditions = [...nodeNameFaults(last.nodeName), configInvalid(loaded, error)];
    return () => ({ nodeName: last.nodeName, answer: last.answer, conditions });
  }
}

/** What the chain is given of a node beside its disk, for a command that decides as the daemon does. */
export function nodeFacts(system: System, confDir: string, { networks, bridge }: Observation): NodeFacts {
  return { networks, current: observeAssignment(system, join(confDir, conflistFileName), bridge) };
}

/** What the kernel has in this network namespace, and the leases under this root. */
export async function observeKernel(system: System): Promise<Observation> {
  const { devices, networks } = await readNetworks(system);
  const bridge = bridgeAmong(devices);
  return { bridge, networks, pods: { bridgePorts: countPorts(bridge), leases: liveLeases(system) } };
}

function countPorts(bridge: BridgeReading): number | undefined {
  if (bridge.kind === "unknown") return undefined;
  return bridge.kind === "absent" ? 0 : bridge.bridge.ports.length;
}

/** Leases that cannot be read count as one: nothing may be taken for free on a guess. */
function liveLeases({ files, log }: System): number {
  try {
    return countLeases(files);
  } catch (error) {
    expected(error);
    log.warn("LeasesUnreadable", error.message);
    return 1;
  }
}

/**
 * The PodCIDR in force on this node: what the last daemon remembered; without that, what our conflist hands out; without
 * that, what the bridge has while pods hang on it.
 */
export function observeAssignment(system: System, conflistPath: string, bridge: BridgeReading): Assignment | undefined {
  const remembered = recallPodCIDR(system);
  if (remembered !== undefined) return remembered;
  const podCIDRs = readOurSubnets(system, conflistPath) ?? bridgeSubnets(bridge);
  return podCIDRs === undefined ? undefined : { podCIDRs, source: undefined, file: undefined, line: undefined };
}

const sources: readonly PodCIDRSource[] = ["config", "env", "file", "hash", "default"];

/**
 * The PodCIDR the last daemon on this node had in force, from the copy that survives a reboot, else from the other. A file
 * that cannot be used is passed over with a warning: it is a copy of what the chain and the conflist say too.
 */
function recallPodCIDR({ files, log }: System): Assignment | undefined {
  const { found, unusable } = readNodeState(files, nodeStateFiles.toReversed());
  for (const { path, why, isAbsent } of unusable) {
    if (!isAbsent) log.warn("NodeStateSkipped", `Passed over what an earlier daemon left: ${path} ${why}`);
  }
  if (found === undefined) return undefined;
  const { podCIDRs, podCIDRSource } = found.state;
  return {
    podCIDRs,
    source: sources.find((source) => source === podCIDRSource?.source),
    file: podCIDRSource?.file,
    line: podCIDRSource?.line,
  };
}

/** The subnets of a conflist of ours; undefined when there is none, or one that cannot be read: it will be replaced anyway. */
function readOurSubnets({ files, log }: System, path: string): PodCIDRs | undefined {
  let text: string;
  try {
    text = new TextDecoder().decode(files.readIfPresent(path, 1 << 20) ?? new Uint8Array());
  } catch (error) {
    log.debug(`Did not take a PodCIDR from ${path}`, { why: describeError(error) });
    return undefined;
  }
  const parsed = parseConflist(text);
  if (parsed.kind === "problem" || parsed.json.name !== networkName) return undefined;
  const first = pluginEntries(parsed.json).find(({ entry }) => entry.bridge === bridgeName);
  const ipam = first?.entry.ipam;
  return isJsonObject(ipam) ? firstOfEachFamily(hostLocalSubnets("", ipam)) : undefined;
}

function bridgeSubnets(bridge: BridgeReading): PodCIDRs | undefined {
  if (bridge.kind !== "present" || bridge.bridge.ports.length === 0) return undefined;
  return firstOfEachFamily(bridge.bridge.addresses);
}
