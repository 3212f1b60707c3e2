// The PodCIDR the last daemon on this node had in force, out of the node state file.

import { nodeStateFiles, readNodeState } from "../node-state/node-state-file.ts";
import type { PodCIDRSource } from "../podcidr/answer.ts";
import type { System } from "../sys/system.ts";
import type { HeldPodCIDR } from "./settle.ts";

const sources: readonly PodCIDRSource[] = ["config", "env", "file", "hash", "default"];

/**
 * The PodCIDR the last daemon on this node had in force, from the copy that survives a reboot, else from the other. A file
 * that cannot be used is passed over with a warning: it is a copy of what the chain and the conflist say too.
 */
export function recallPodCIDR({ files, log }: System): HeldPodCIDR | undefined {
  const { found, unusable } = readNodeState(files, nodeStateFiles.toReversed());
  for (const { path, why, isAbsent } of unusable) {
    if (!isAbsent) log.warn(`Passed over what an earlier daemon left: ${path} ${why}`);
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
