// host-local's own lock: flock(2) on the file `lock` in the network's folder, held by every ADD and DEL of it while it looks for or
// frees an address. Under it no lease is being written, so an empty one is nobody's.

import type { Clock } from "../sys/clock.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { tryLockFile } from "../sys/fs/flock.ts";
import { join } from "../sys/fs/path.ts";

const pollMs = 2;

export interface LeaseLockWorld {
  readonly files: Files;
  readonly clock: Clock;
}

/**
 * Runs `action` under the lock of a folder that exists.
 * @param timeoutMs how long to wait for whoever holds it
 * @throws HeadcniError HC_LEASES_LOCKED when it is not free in time, HC_FILE_WRITE when it cannot be opened.
 */
export async function withLeaseLock<T>(
  { files, clock }: LeaseLockWorld,
  { folder, timeoutMs }: { readonly folder: string; readonly timeoutMs: number },
  action: () => T,
): Promise<T> {
  const path = join(folder, "lock");
  const end = clock.monotonicMs() + timeoutMs;
  for (;;) {
    using lock = tryLockFile(files.hostPath(path));
    if (lock !== undefined) return action();
    if (clock.monotonicMs() >= end) {
      throw new HeadcniError(
        "HC_LEASES_LOCKED",
        `Cannot lock ${path} within ${timeoutMs / 1000} s: host-local holds it`,
        {
          hint: `find the process that hangs (fuser ${path}) and end it`,
        },
      );
    }
    await clock.sleep(pollMs);
  }
}
