// The settings of the pod bridge, carried whole from the configuration to the code that renders or remembers them: type, default, JSON form
// and the bridge + host-local plugin entry they become. A new setting is a key of the configuration and a line in each function
// here. Pure; on the plugin's start-up path.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { JsonObject } from "../sys/json.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import { bridgeName } from "./names.ts";

export interface BridgeSettings {
  readonly mtuBytes: number;
  /** Whether bridge itself masquerades what leaves the node. */
  readonly ipMasq: boolean;
}

export const defaultBridgeSettings: BridgeSettings = {
  // What a packet may measure inside a Tailscale tunnel; also the least IPv6 allows.
  mtuBytes: 1280,
  ipMasq: true,
};

/** The settings as keys of node.json; one that the configuration has too has the configuration's name. */
export function encodeBridgeSettings({ mtuBytes, ipMasq }: BridgeSettings): JsonObject {
  return { mtu: mtuBytes, ipMasq };
}

/** The inverse of `encodeBridgeSettings`, from an object that holds other keys too. */
export function decodeBridgeSettings({ mtu, ipMasq }: JsonObject): Result<BridgeSettings> {
  if (typeof mtu !== "number" || !Number.isInteger(mtu)) return fault("has no whole number mtu");
  return ok({ mtuBytes: mtu, ipMasq: ipMasq === true });
}

/** One entry of a conflist's `plugins`, keys in the order of the documented default shape. */
export function bridgePlugin(settings: BridgeSettings, podCIDRs: PodCIDRs): JsonObject {
  return { type: "bridge", ...bridgeKeys(settings), ipam: hostLocalIpam(podCIDRs) };
}

/** The settings as bridge's own keys. */
export function bridgeKeys({ mtuBytes, ipMasq }: BridgeSettings): JsonObject {
  return { bridge: bridgeName, ipMasq, isGateway: true, hairpinMode: true, mtu: mtuBytes };
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
