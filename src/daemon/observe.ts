// Reads what this node has been living by and what hangs on it. Changes nothing.

import { firstOfEachFamily, type PodCIDRs } from "../cidr/pod-cidrs.ts";
import { type BridgeReading, readBridge } from "../dataplane/bridge.ts";
import { countLeases } from "../ipam/lease-count.ts";
import { bridgeName, networkName } from "../node-state/names.ts";
import { parseConflist, pluginEntries } from "../spec/conflist.ts";
import { hostLocalSubnets } from "../spec/host-local.ts";
import { describeError, expected } from "../sys/errors.ts";
import { isJsonObject } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import { recallPodCIDR } from "./memory.ts";
import type { HeldPodCIDR, PodCount } from "./settle.ts";

export interface Observation {
  readonly bridge: BridgeReading;
  readonly pods: PodCount;
}

/** The bridge of this network namespace and the leases under this root. */
export async function observePods(system: System): Promise<Observation> {
  const bridge = await readBridge(system);
  return { bridge, pods: { bridgePorts: countPorts(bridge), leases: liveLeases(system) } };
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
    log.warn(error.message);
    return 1;
  }
}

/**
 * The PodCIDR this node has been living by: what the last daemon remembered; without that, what our conflist hands out; without
 * that, what the bridge has while pods hang on it.
 */
export function observeHeld(system: System, conflistPath: string, bridge: BridgeReading): HeldPodCIDR | undefined {
  const remembered = recallPodCIDR(system);
  if (remembered !== undefined) return remembered;
  const podCIDRs = readOurSubnets(system, conflistPath) ?? bridgeSubnets(bridge);
  return podCIDRs === undefined ? undefined : { podCIDRs, source: undefined, file: undefined, line: undefined };
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
