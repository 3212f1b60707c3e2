// One daemon a node. The lock is the kernel's, so it is gone with the process however that ends; the process id in the file
// is only for the message.

import { HeadcniError } from "../sys/errors.ts";
import { type FileLock, tryLockFile } from "../sys/fs/flock.ts";
import { dirname } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";

export const lockFile = "/run/headcni/daemon.lock";

/**
 * Takes the node's daemon lock; dispose it to let go.
 * @throws HeadcniError HC_DAEMON_RUNNING naming the process that has it; HC_FILE_WRITE when the file cannot be made.
 */
export function takeInstanceLock({ files }: System, pid: number): FileLock {
  files.makeDir(dirname(lockFile));
  const lock = tryLockFile(files.hostPath(lockFile));
  if (lock === undefined) {
    const holder = new TextDecoder().decode(files.readIfPresent(lockFile, 64)).trim();
    throw new HeadcniError(
      "HC_DAEMON_RUNNING",
      `Cannot start: another headcni-daemon runs on this node (process ${holder === "" ? "unknown" : holder})`,
      {
        hint: `Stop that one first, or ask it with \`headcni status\`; the lock is ${lockFile}`,
        details: { pid: holder },
      },
    );
  }
  lock.write(`${pid}\n`);
  return lock;
}
