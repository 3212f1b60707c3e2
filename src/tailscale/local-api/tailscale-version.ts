// Versions of tailscaled, as its builds say them: `1.102.3`, `1.102.3-ERR-BuildInfo`, `1.80.3-t1234-g5678`. Pure.

/** Oldest tailscaled that was tried. */
export const oldestVersion = "1.80.0";

/** Less than, equal to or greater than zero, by the numbers a version starts with; undefined when one has none. */
export function compareVersions(a: string, b: string): number | undefined {
  const [left, right] = [numbersOf(a), numbersOf(b)];
  if (left === undefined || right === undefined) return undefined;
  return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
}

function numbersOf(version: string): readonly [number, number, number] | undefined {
  const match = /^v?(\d+)\.(\d+)(?:\.(\d+))?/.exec(version.trim());
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
}

/** The name before the first `-` of a build: `1.102.3`. */
export function plainVersion(version: string): string {
  return numbersOf(version)?.join(".") ?? version;
}
