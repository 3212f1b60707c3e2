// The bridge + host-local plugin entry HeadCNI wants on a node: what the default conflist holds, and what the
// `headcni` plugin delegates to. Pure; on the plugin's start-up path.

import type { Prefix } from "../cidr/prefix.ts";
import type { JsonObject } from "../sys/json.ts";
import { bridgeName } from "./names.ts";

export interface BridgeSettings {
  /** The node's PodCIDRs: one, or one of each family. */
  readonly podCIDRs: readonly Prefix[];
  readonly mtuBytes: number;
  /** Whether bridge itself masquerades what leaves the node. */
  readonly ipMasq: boolean;
}

/** One entry of a conflist's `plugins`, keys in the order of the documented default shape. */
export function bridgePlugin(settings: BridgeSettings): JsonObject {
  return {
    type: "bridge",
    bridge: bridgeName,
    ipMasq: settings.ipMasq,
    isGateway: true,
    hairpinMode: true,
    mtu: settings.mtuBytes,
    ipam: hostLocalIpam(settings.podCIDRs),
  };
}

/**
 * host-local's configuration for the node's PodCIDRs: `subnet` for one, `ranges` (one range set a family) for
 * two, and a default route of each family (`isGateway` alone gives a pod none).
 */
export function hostLocalIpam(podCIDRs: readonly Prefix[]): JsonObject {
  const routes = podCIDRs.map((prefix) => ({ dst: prefix.family === "ipv4" ? "0.0.0.0/0" : "::/0" }));
  const [only] = podCIDRs;
  if (podCIDRs.length === 1 && only !== undefined) {
    return { type: "host-local", subnet: only.toString(), routes };
  }
  return { type: "host-local", ranges: podCIDRs.map((prefix) => [{ subnet: prefix.toString() }]), routes };
}
