// The few POSIX path operations the CNI plugin's start-up path can afford: `node:path` costs a module load.

/** Joins with single slashes; no `.`/`..` processing. */
export function join(...parts: readonly string[]): string {
  return parts
    .filter((part) => part !== "")
    .join("/")
    .replace(/\/{2,}/g, "/");
}

/** The path up to the last slash: `/a/b` → `/a`, `/a` → `/`, `a` → `.`. */
export function dirname(path: string): string {
  const at = path.lastIndexOf("/");
  if (at < 0) return ".";
  return at === 0 ? "/" : path.slice(0, at);
}

/** What follows the last slash. */
export function basename(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The extension with its dot, as Go's `filepath.Ext`: from the last dot of the last element, or "". */
export function extname(path: string): string {
  const name = basename(path);
  const at = name.lastIndexOf(".");
  return at < 0 ? "" : name.slice(at);
}
