// How many attachments hold an address of this node. A lease says that a pod was given one, not that it still lives: leases
// survive a reboot and a namespace that was removed.

import { networkName } from "../node-state/names.ts";
import type { Files } from "../sys/fs/files.ts";
import { readBootTimeMs } from "./boot-time.ts";
import { type LeaseOwner, leaseDir, readLeases } from "./lease.ts";
import { hasLostNamespace, mayHaveNamespace } from "./namespace-evidence.ts";

/**
 * How many attachments (container and interface) have a lease of HeadCNI's network that was written since this machine started, or whose
 * namespace is there (a clock that is set makes leases look older); a dual-stack pod has two files and counts once. Without /proc/stat
 * (a directory that plays a node) the age of a lease is not looked at.
 */
export function countLeases(files: Files): number {
  return attachmentsOf(files).length;
}

/** As `countLeases`, without those whose namespace is known to be gone: it reads a file more for each. */
export function countLivingLeases(files: Files): number {
  return attachmentsOf(files).filter((owner) => !hasLostNamespace(files, networkName, owner)).length;
}

function attachmentsOf(files: Files): readonly LeaseOwner[] {
  const bootedAtMs = readBootTimeMs(files);
  const attachments = new Map<string, LeaseOwner>();
  for (const { owner, givenAtMs } of readLeases(files, leaseDir)) {
    if (owner !== undefined && (givenAtMs >= bootedAtMs || mayHaveNamespace(files, networkName, owner))) {
      attachments.set(`${owner.containerId} ${owner.ifname ?? ""}`, owner);
    }
  }
  return [...attachments.values()];
}
