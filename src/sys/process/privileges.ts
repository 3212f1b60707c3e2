// What the kernel lets this process do: who it is, which capabilities are in effect, and whether it is root of a user namespace only.

import * as fs from "node:fs";

/** Bit numbers of linux/capability.h, of those that decide about files. */
const capabilityBits = { CHOWN: 0, DAC_OVERRIDE: 1, FOWNER: 3 } as const;
export type Capability = keyof typeof capabilityBits;

export interface Privileges {
  readonly isRoot: boolean;
  /** Those of the table that are in effect. */
  readonly capabilities: ReadonlySet<Capability>;
  /** False in a user namespace that maps some users only: its capabilities do not count for files of the others. */
  readonly isOfWholeMachine: boolean;
}

/** Reads /proc/self of the machine itself; where that cannot be read, root is taken to be root. */
export function ownPrivileges(): Privileges {
  return readPrivileges(read("/proc/self/status"), read("/proc/self/uid_map"));
}

/**
 * @param status /proc/PID/status
 * @param uidMap /proc/PID/uid_map
 */
export function readPrivileges(status: string, uidMap: string): Privileges {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  const bits = effective === undefined ? ~0n : BigInt(`0x${effective}`);
  const names = Object.keys(capabilityBits) as Capability[];
  return {
    isRoot: Number(/^Uid:\s*\d+\s+(\d+)/m.exec(status)?.[1] ?? process.geteuid?.()) === 0,
    capabilities: new Set(names.filter((name) => (bits >> BigInt(capabilityBits[name])) & 1n)),
    isOfWholeMachine: uidMap === "" || /^\s*0\s+0\s+4294967295\s*$/.test(uidMap),
  };
}

function read(path: string): string {
  try {
    return fs.readFileSync(path, "utf8");
  } catch {
    // /proc is not mounted here, or the kernel has no user namespaces.
    return "";
  }
}
