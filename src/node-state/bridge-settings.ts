// The bridge + host-local plugin entry HeadCNI wants on a node: what the default conflist holds, and what the
// `headcni` plugin delegates to. Pure; on the plugin's start-up path.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { JsonObject } from "../sys/json.ts";
import { bridgeName } from "./names.ts";

export interface BridgeSettings {
  readonly podCIDRs: PodCIDRs;
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
export function hostLocalIpam({ list }: PodCIDRs): JsonObject {
  const routes = list.map((prefix) => ({ dst: prefix.family === "ipv4" ? "0.0.0.0/0" : "::/0" }));
  const [only, other] = list;
  if (only !== undefined && other === undefined) {
    return { type: "host-local", subnet: only.toString(), routes };
  }
  return { type: "host-local", ranges: list.map((prefix) => [{ subnet: prefix.toString() }]), routes };
}
