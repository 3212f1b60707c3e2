// How many attachments hold an address of this node. A lease says that a pod was given one, not that it still lives: leases
// survive a reboot and a namespace that was torn down.

import type { Files } from "../sys/fs/files.ts";
import { readBootTimeMs } from "./boot-time.ts";
import { leaseFolder, readLeases } from "./lease.ts";

export interface LeaseCount {
  /** Attachments (container and interface) with a lease written since this machine started. */
  readonly live: number;
  /** Lease files from before the last start, and empty or torn ones that a power loss left: nobody's any more. */
  readonly stale: number;
}

/**
 * Counts the leases of HeadCNI's network; a dual-stack pod has two files and counts once. Without /proc/stat (a folder that
 * plays a node) no lease is taken for stale by its age.
 */
export function countLeases(files: Files): LeaseCount {
  const bootedAtMs = readBootTimeMs(files);
  const attachments = new Set<string>();
  let stale = 0;
  for (const { owner, givenAtMs } of readLeases(files, leaseFolder)) {
    if (owner === undefined || givenAtMs < bootedAtMs) stale += 1;
    else attachments.add(`${owner.containerId} ${owner.ifname ?? ""}`);
  }
  return { live: attachments.size, stale };
}
