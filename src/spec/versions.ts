// Versions of the CNI specification: which ones this plugin speaks, and what each of them knows.

/** Oldest first. Older ones than these know no lists of plugins. */
export const supportedVersions = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"] as const;

export type CniVersion = (typeof supportedVersions)[number];

export const newestVersion: CniVersion = "1.1.0";

export function isSupportedVersion(version: unknown): version is CniVersion {
  return supportedVersions.some((known) => known === version);
}

/** Whether `version` is `other` or newer. */
export function isAtLeast(version: CniVersion, other: CniVersion): boolean {
  return supportedVersions.indexOf(version) >= supportedVersions.indexOf(other);
}

export function olderOf(one: CniVersion, other: CniVersion): CniVersion {
  return isAtLeast(one, other) ? other : one;
}

/** The newest version older than `below` that everyone in `supports` (lists of versions) speaks. */
export function newestCommonBelow(below: CniVersion, supports: readonly (readonly string[])[]): CniVersion | undefined {
  return supportedVersions
    .slice(0, supportedVersions.indexOf(below))
    .findLast((version) => supports.every((list) => list.includes(version)));
}
