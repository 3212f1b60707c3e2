// From configuration and PodCIDR to what the conflist shall say. Pure.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Config } from "../config/config.ts";
import type { ConflistSpec } from "./render.ts";

/** The conflist this node wants. */
export function wantedConflist(config: Config, podCIDRs: PodCIDRs): ConflistSpec {
  return {
    podCIDRs,
    bridge: config.network.bridge,
    cniVersion: config.cni.cniVersion,
    type: config.cni.type,
    plugins: config.cni.plugins,
    delegateTimeoutMs: config.cni.delegateTimeoutMs,
  };
}
