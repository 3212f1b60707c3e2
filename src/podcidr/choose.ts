// The chain: which of the five levels says this node's PodCIDR. First hit wins.

import type { LoadedConfig } from "../config/config.ts";

export interface PodCIDRQuery {
  /** As `resolveNodeName` gives it. */
  readonly nodeName: string;
  readonly config: LoadedConfig;
}
