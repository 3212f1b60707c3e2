// Addresses host-local has given out under our network name, read only. A lease says that a pod was given an address, not that it
// still lives: leases survive a reboot and a namespace that was torn down.

import { tryParseAddr } from "../cidr/addr.ts";
import { hostLocalDataDir, networkName } from "../conflist/names.ts";
import type { Files } from "../sys/files.ts";
import { join } from "../sys/path.ts";

export const leaseFolder = join(hostLocalDataDir, networkName);

export interface Leases {
  /** Attachments (container and interface) with a lease written since this machine started. */
  readonly live: number;
  /** Lease files from before the last start, and empty ones that a power loss left: nobody's any more. */
  readonly stale: number;
}

/**
 * Counts leases. A file's name is the address, its text `<containerID>\r\n<ifname>`; a dual-stack pod has two files and counts
 * once. Without /proc/stat (a folder that plays a node) no lease is taken for stale by its age.
 */
export function readLeases(files: Files): Leases {
  const bootedAtMs = readBootTimeMs(files);
  const attachments = new Set<string>();
  let stale = 0;
  for (const name of files.list(leaseFolder) ?? []) {
    if (tryParseAddr(name) === undefined) continue;
    const path = join(leaseFolder, name);
    const info = files.lstat(path);
    if (info?.kind !== "file") continue;
    const owner = info.mtimeMs < bootedAtMs ? undefined : readOwner(files, path);
    if (owner === undefined) stale += 1;
    else attachments.add(owner);
  }
  return { live: attachments.size, stale };
}

function readOwner(files: Files, path: string): string | undefined {
  const bytes = files.readIfPresent(path, 4096);
  const text = bytes === undefined ? "" : new TextDecoder().decode(bytes).trim();
  return text === "" ? undefined : text;
}

/** When this machine started (`btime` in /proc/stat, seconds), less a second for its rounding; 0 when the node has no /proc. */
function readBootTimeMs(files: Files): number {
  const bytes = files.readIfPresent("/proc/stat");
  const seconds = bytes === undefined ? null : /^btime (\d+)$/m.exec(new TextDecoder().decode(bytes));
  return seconds === null ? 0 : (Number(seconds[1]) - 1) * 1000;
}
