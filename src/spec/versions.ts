// Versions of the CNI specification: those a conflist may name and this plugin speaks. Pure; on the plugin's start-up path.

/** Oldest first. Older ones than these know no lists of plugins. */
export const cniVersions = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;

export type CniVersion = (typeof cniVersions)[number];

export const newestVersion: CniVersion = "1.1.0";

export function isSupportedVersion(version: unknown): version is CniVersion {
  return cniVersions.some((known) => known === version);
}

/** Whether `version` is `other` or newer. */
export function isAtLeast(version: CniVersion, other: CniVersion): boolean {
  return cniVersions.indexOf(version) >= cniVersions.indexOf(other);
}

export function olderOf(one: CniVersion, other: CniVersion): CniVersion {
  return isAtLeast(one, other) ? other : one;
}

/** The newest version older than `below` that is in each list of `supports`. */
export function newestCommonBelow(below: CniVersion, supports: readonly (readonly string[])[]): CniVersion | undefined {
  return cniVersions
    .slice(0, cniVersions.indexOf(below))
    .findLast((version) => supports.every((list) => list.includes(version)));
}
