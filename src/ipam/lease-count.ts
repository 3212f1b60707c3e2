// How many attachments hold an address of this node. A lease says that a pod was given one, not that it still lives: leases
// survive a reboot and a namespace that was removed.

import type { Files } from "../sys/fs/files.ts";
import { readBootTimeMs } from "./boot-time.ts";
import { leaseDir, readLeases } from "./lease.ts";

/**
 * How many attachments (container and interface) have a lease of HeadCNI's network that was written since this machine started; a
 * dual-stack pod has two files and counts once. Without /proc/stat (a directory that plays a node) the age of a lease is not looked at.
 */
export function countLeases(files: Files): number {
  const bootedAtMs = readBootTimeMs(files);
  const attachments = new Set<string>();
  for (const { owner, givenAtMs } of readLeases(files, leaseDir)) {
    if (owner !== undefined && givenAtMs >= bootedAtMs) attachments.add(`${owner.containerId} ${owner.ifname ?? ""}`);
  }
  return attachments.size;
}
