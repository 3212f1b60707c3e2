// The second line of safety: a file made anew from its copy, where a rename or a hard link cannot give the original back.

import { setFileOrigin } from "../../sys/fs/file-metadata.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import type { AsideRecord } from "./manifest.ts";
import type { Store } from "./store.ts";

/** Whether the backups hold enough to make the file anew. */
export function canRecreate(store: Store, entry: AsideRecord): boolean {
  return entry.kind === "symlink" ? entry.target !== undefined : store.copyOf(entry) !== undefined;
}

/**
 * Makes the file of `entry` under its aside name: content, permission bits, owner, modification time to the nanosecond.
 * @returns false when the backups do not hold it
 * @throws HeadcniError HC_FILE_WRITE
 */
export function recreateAside(
  system: System,
  store: Store,
  { confDir, entry }: { readonly confDir: string; readonly entry: AsideRecord },
): boolean {
  const path = join(confDir, entry.aside);
  if (entry.kind === "symlink") {
    if (entry.target === undefined) return false;
    system.files.symlink(entry.target, path);
  } else {
    const bytes = store.copyOf(entry);
    if (bytes === undefined) return false;
    system.files.writeAtomic(path, bytes, { mode: entry.mode });
  }
  // The folder's links are followed, the name itself is not.
  setFileOrigin(join(system.files.hostPath(confDir), entry.aside), {
    ...entry,
    mode: entry.kind === "symlink" ? undefined : entry.mode,
  });
  return true;
}
