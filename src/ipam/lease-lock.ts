// host-local's own lock: flock(2) on the file `lock` in the network's directory, held by every ADD and DEL of it while it looks for or
// frees an address. Under it no lease is being written, so an empty one belongs to no container.

import type { Clock } from "../sys/clock.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { tryLockFile, waitForLock } from "../sys/fs/flock.ts";
import { join } from "../sys/fs/path.ts";

const pollMs = 2;

export interface LeaseLockSystem {
  readonly files: Files;
  readonly clock: Clock;
}

export interface LeaseLockOptions {
  /** The network's directory of leases, which exists. */
  readonly leaseDir: string;
  /** How long to wait for the process that holds the lock. */
  readonly timeoutMs: number;
}

/**
 * Runs `action` under the lock.
 * @throws HeadcniError HC_LEASES_LOCKED when it is not free in time, HC_FILE_WRITE when it cannot be opened.
 */
export async function withLeaseLock<T>(
  { files, clock }: LeaseLockSystem,
  { leaseDir, timeoutMs }: LeaseLockOptions,
  action: () => T,
): Promise<T> {
  const path = join(leaseDir, "lock");
  using lock = await waitForLock(() => tryLockFile(files.hostPath(path)), { clock, timeoutMs, pollMs });
  if (lock !== undefined) return action();
  const message = `Cannot lock ${path} within ${timeoutMs / 1000} s: host-local holds it`;
  throw new HeadcniError("HC_LEASES_LOCKED", message, {
    hint: `find the process that hangs (fuser ${path}) and end it`,
  });
}
