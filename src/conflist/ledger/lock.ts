// One process at a time works on configurations and backups: the daemon, a command-line tool, an upgrade's second daemon.

import { stateDir as defaultStateDir } from "../../node-state/names.ts";
import { HeadcniError } from "../../sys/errors.ts";
import { type FileLock, tryLockFile, waitForLock } from "../../sys/fs/flock.ts";
import { join } from "../../sys/fs/path.ts";
import type { System } from "../../sys/system.ts";
import { attempt } from "./failure.ts";

/** Longer than one installation can take: its plugins have 5 s to answer. */
const deadlineMs = 15_000;
const retryMs = 20;

/**
 * Waits for the lock; dispose it to let the next one in. The kernel drops it when the process dies.
 * @throws HeadcniError HC_CONFLIST_BUSY when another process holds it for 15 s, HC_CONFLIST_BACKUP when `stateDir`
 *   cannot be written.
 */
export async function lockConflist(system: System, stateDir = defaultStateDir): Promise<FileLock> {
  const path = join(stateDir, "conflist.lock");
  const take = () =>
    attempt(["HC_CONFLIST_BACKUP", `Cannot use the state folder ${stateDir}`], () => {
      if (system.files.stat(stateDir) === undefined) makeStateDir(system, stateDir);
      return tryLockFile(system.files.hostPath(path));
    });
  const lock = await waitForLock(take, { clock: system.clock, timeoutMs: deadlineMs, pollMs: retryMs });
  if (lock !== undefined) return lock;
  throw new HeadcniError(
    "HC_CONFLIST_BUSY",
    `Cannot lock ${path}: another process has held it for ${deadlineMs / 1000} s`,
    { hint: `fuser ${path} names the process` },
  );
}

/** Of a link that leads nowhere the kernel says that it exists already. */
function makeStateDir({ files }: System, stateDir: string): void {
  if (files.root !== "/" || files.lstat(stateDir)?.kind !== "symlink") {
    files.makeDir(stateDir);
    return;
  }
  throw new HeadcniError("HC_FILE_WRITE", `it is a link to ${files.readLink(stateDir)}, which does not exist`, {
    hint: "make that folder, or remove the link",
  });
}
