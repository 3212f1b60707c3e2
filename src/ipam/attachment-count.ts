// How many attachments this node's pods have on HeadCNI's networks, by what lies on its disk. A lease or a saved call says that a pod was
// given one, not that it still lives: both survive a reboot and a namespace that was removed.

import type { AttachmentKey } from "../attachments/attachment.ts";
import { listSavedCalls } from "../attachments/saved-call-sweep.ts";
import { networkName, savedCallsDir } from "../node-state/names.ts";
import type { Files } from "../sys/fs/files.ts";
import { type LeaseOwner, leaseDir, readLeases } from "./lease.ts";
import { type NamespaceEvidence, namespaceEvidence } from "./namespace-evidence.ts";

/**
 * How many attachments (container and interface) have a lease of HeadCNI's network that was written since this machine started, or whose
 * namespace is there (a clock that is set makes leases look older); a dual-stack pod has two files and counts once. Without /proc/stat
 * (a directory that plays a node) the age of a lease is not looked at.
 */
export function countLeases(files: Files): number {
  return leaseOwners(files, namespaceEvidence(files, networkName)).length;
}

/** As `countLeases`, without those whose namespace is known to be gone: it reads a file more for each. */
export function countLivingLeases(files: Files): number {
  const evidence = namespaceEvidence(files, networkName);
  return leaseOwners(files, evidence).filter((owner) => !evidence.isLost(owner)).length;
}

/** How many attachments, of any network, our plugin has made whose pod may still be there. */
export function countLivingCalls(files: Files): number {
  const byNetwork = new Map<string, NamespaceEvidence>();
  const evidenceOf = ({ network }: Pick<AttachmentKey, "network">): NamespaceEvidence => {
    const known = byNetwork.get(network) ?? namespaceEvidence(files, network);
    byNetwork.set(network, known);
    return known;
  };
  return listSavedCalls(files, savedCallsDir).filter(({ key, writtenAtMs }) => {
    // A torn one may be of any.
    const evidence = evidenceOf(key ?? { network: networkName });
    const isNew = writtenAtMs >= evidence.bootedAtMs;
    return key === undefined ? isNew : (isNew || evidence.mayHave(key)) && !evidence.isLost(key);
  }).length;
}

function leaseOwners(files: Files, { bootedAtMs, mayHave }: NamespaceEvidence): readonly LeaseOwner[] {
  const attachments = new Map<string, LeaseOwner>();
  for (const { owner, givenAtMs } of readLeases(files, leaseDir)) {
    if (owner !== undefined && (givenAtMs >= bootedAtMs || mayHave(owner))) {
      attachments.set(`${owner.containerId} ${owner.ifname ?? ""}`, owner);
    }
  }
  return [...attachments.values()];
}
