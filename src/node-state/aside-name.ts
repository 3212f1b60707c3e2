// The names files of other CNIs get in the configuration directory while HeadCNI is in force. No runtime reads them: the
// extension is none of `.conf`, `.conflist`, `.json`. Pure.

import { sha256Hex } from "../sys/fs/sha256.ts";

const suffix = ".headcni-aside";
/** NAME_MAX is 255 bytes; a temporary file's name adds 18 more to ours. */
const longestKeptBytes = 200;

/**
 * A free name for `name`: `10-calico.conflist.headcni-aside`, then `….headcni-aside.2` and so on. A name too long for
 * the addition is shortened to its hash.
 * @param isTaken whether a name is in use, on the disk or in the manifest
 */
export function asideName(name: string, isTaken: (candidate: string) => boolean): string {
  const base = `${shortName(name)}${suffix}`;
  for (let count = 1; ; count++) {
    const candidate = count === 1 ? base : `${base}.${count}`;
    if (!isTaken(candidate)) return candidate;
  }
}

/** `name` itself, or a stand-in for one so long that nothing could be added to it. */
export function shortName(name: string): string {
  const isLong = new TextEncoder().encode(name).length > longestKeptBytes;
  return isLong ? `long-name-${sha256Hex(name).slice(0, 16)}` : name;
}

/** The name a file had before, and which of that name it is (1 for the first); undefined for any other name. */
export function originalName(aside: string): { readonly name: string; readonly count: number } | undefined {
  const match = /^(.+)\.headcni-aside(?:\.([2-9]|[1-9]\d+))?$/s.exec(aside);
  const name = match?.[1];
  if (name === undefined || /^long-name-[0-9a-f]{16}$/.test(name)) return undefined;
  return { name, count: Number(match?.[2] ?? 1) };
}
