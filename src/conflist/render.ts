// The text of our conflist for a wanted state. Pure: the same specification gives the same bytes for ever, which is what
// makes "is it the same?" a comparison of bytes.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { CniType } from "../config/config.ts";
import { type BridgeSettings, bridgePlugin } from "../node-state/bridge-settings.ts";
import { defaultDelegateTimeoutMs, networkName } from "../node-state/names.ts";
import { type JsonObject, printJson } from "../sys/json.ts";

/** What the conflist shall say. */
export interface ConflistSpec {
  /** Not used by type `headcni`, which reads them at run time. */
  readonly podCIDRs: PodCIDRs;
  readonly bridge: BridgeSettings;
  readonly cniVersion: string;
  readonly type: CniType;
  /** Chained plugins, put after the first one as they stand. */
  readonly plugins: readonly JsonObject[];
  readonly delegateTimeoutMs: number;
}

/** The conflist as it lies on the disk: two-space JSON, keys in the documented order, a final newline. */
export function renderConflist(spec: ConflistSpec): string {
  return printJson({
    cniVersion: spec.cniVersion,
    name: networkName,
    plugins: [firstPlugin(spec), ...spec.plugins],
  });
}

function firstPlugin(spec: ConflistSpec): JsonObject {
  if (spec.type === "bridge") {
    return bridgePlugin(spec.bridge, spec.podCIDRs);
  }
  // Subnet, MTU and masquerading come from the node state file, so a change of them needs no new conflist.
  return spec.delegateTimeoutMs === defaultDelegateTimeoutMs
    ? { type: "headcni" }
    : { type: "headcni", delegateTimeoutSeconds: spec.delegateTimeoutMs / 1000 };
}
