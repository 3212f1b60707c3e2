// Reads what this node has been living by and what hangs on it. Changes nothing.

import type { Prefix } from "../cidr/prefix.ts";
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
    return countLeases(files).live;
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
  const podCIDRs = [readOurSubnets(system, conflistPath), bridgeSubnets(bridge)].find((found) => found.length > 0);
  return podCIDRs === undefined ? undefined : { podCIDRs, source: undefined, file: undefined, line: undefined };
}

/** The subnets of a conflist of ours; none when there is none, or none that can be read: it will be replaced anyway. */
function readOurSubnets({ files, log }: System, path: string): readonly Prefix[] {
  let text: string;
  try {
    text = new TextDecoder().decode(files.readIfPresent(path, 1 << 20) ?? new Uint8Array());
  } catch (error) {
    log.debug(`Did not take a PodCIDR from ${path}`, { why: describeError(error) });
    return [];
  }
  const parsed = parseConflist(text);
  if (parsed.kind === "problem" || parsed.json.name !== networkName) return [];
  const first = pluginEntries(parsed.json).find(({ entry }) => entry.bridge === bridgeName);
  const ipam = first?.entry.ipam;
  return isJsonObject(ipam) ? onePerFamily(hostLocalSubnets("", ipam)) : [];
}

function bridgeSubnets(bridge: BridgeReading): readonly Prefix[] {
  if (bridge.kind !== "present" || bridge.bridge.ports.length === 0) return [];
  return onePerFamily(bridge.bridge.addresses);
}

/** A node state holds at most one CIDR of a family; host bits are those of the gateway. */
function onePerFamily(prefixes: readonly Prefix[]): readonly Prefix[] {
  const masked = prefixes.map((prefix) => prefix.masked());
  return masked.filter(({ family }, index) => masked.findIndex((other) => other.family === family) === index);
}
