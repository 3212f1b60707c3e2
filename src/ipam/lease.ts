// host-local's leases, read as it writes them: a file named after the address, holding `<containerID>\r\n<ifname>` (before
// version 0.7.2 of the plugins the container alone), beside its lock and its notes of the last address given.

import { type Addr, tryParseAddr } from "../cidr/addr.ts";
import { hostLocalDataDir, networkName } from "../node-state/names.ts";
import type { Files } from "../sys/fs/files.ts";
import { join } from "../sys/fs/path.ts";

/** The container and interface a lease was given to; no interface where an old host-local wrote none. */
export interface LeaseOwner {
  readonly containerId: string;
  readonly ifname: string | undefined;
}

export interface Lease {
  readonly addr: Addr;
  readonly path: string;
  /** Undefined when the file is empty or torn, which is what a power loss leaves: host-local's DEL never frees those. */
  readonly owner: LeaseOwner | undefined;
  /** What a torn file begins with, without white space and zeros. */
  readonly text: string;
  /** When it was given out, milliseconds since the epoch. */
  readonly givenAtMs: number;
}

/** host-local's directory of HeadCNI's network. */
export const leaseDir = join(hostLocalDataDir, networkName);

const maxBytes = 4096;

/** Every lease in a network's directory, in the order of addresses; none when there is no such directory. */
export function readLeases(files: Files, dir: string): readonly Lease[] {
  const leases = (files.list(dir) ?? []).flatMap((name) => readLease(files, dir, name) ?? []);
  return leases.sort((a, b) => a.addr.compare(b.addr));
}

function readLease(files: Files, dir: string, name: string): Lease | undefined {
  const addr = tryParseAddr(name);
  if (addr === undefined) return undefined;
  const path = join(dir, name);
  const info = files.lstat(path);
  // What is no regular file was never host-local's; what has gone since the listing was freed by its DEL.
  if (info?.kind !== "file") return undefined;
  const bytes = files.readIfPresent(path, maxBytes);
  if (bytes === undefined) return undefined;
  const text = new TextDecoder().decode(bytes).replace(/^[\0\s]+|[\0\s]+$/g, "");
  return { addr, path, text, owner: parseOwner(text), givenAtMs: info.mtimeMs };
}

/** The owner a lease's text names; undefined when it names none. */
export function parseOwner(text: string): LeaseOwner | undefined {
  const match = /^([a-zA-Z0-9][a-zA-Z0-9_.-]*)(?:\r\n([^\s/:\0]+))?$/.exec(text);
  return match?.[1] === undefined ? undefined : { containerId: match[1], ifname: match[2] };
}
