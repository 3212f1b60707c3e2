// One daemon a node, by a locked file. The lock is the kernel's, so it is gone with the process however that ends; the process id in the file
// is only for the message. The kernel locks a file and not its name: a daemon whose lock's name has gone no longer keeps others out,
// so the name is looked at now and then. Another file of that name, in a mount namespace of its own, is what `claim.ts` is for.

import { expected, HeadcniError } from "../sys/errors.ts";
import { type FileLock, tryLockFile } from "../sys/fs/flock.ts";
import { dirname } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import type { Refused } from "./claim.ts";

export const lockFile = "/run/headcni/daemon.lock";

export interface InstanceLock extends Disposable {
  /**
   * Sees to it that the lock's name still names the lock: one that was removed or replaced is taken back when it is free. Of two
   * daemons that do so at once one gets it. One that cannot be looked at or made is left for the next time.
   * @returns whether it had to be taken back
   * @throws HeadcniError HC_DAEMON_RUNNING when another daemon has it by now
   */
  keep(): boolean;
}

export interface InstanceLockOptions {
  readonly pid: number;
  /** Whether a second daemon is kept out by other means, too: then a lock that cannot be made is made later. @default false */
  readonly isGuarded?: boolean | undefined;
}

/**
 * Takes the node's daemon lock; dispose it to let go.
 * @throws HeadcniError HC_DAEMON_RUNNING naming the process that has it; HC_FILE_WRITE when the file cannot be made.
 */
export function takeInstanceLock(system: System, { pid, isGuarded = false }: InstanceLockOptions): InstanceLock {
  let lock = tryTake(system, { pid, isGuarded });
  return {
    keep: () => {
      const kept = keepName(system, { lock, pid });
      if (kept === lock) return false;
      lock?.[Symbol.dispose]();
      lock = kept;
      return true;
    },
    [Symbol.dispose]: () => lock?.[Symbol.dispose](),
  };
}

/** Undefined when it cannot be made, which a guarded daemon starts without. */
function tryTake(system: System, { pid, isGuarded }: Required<InstanceLockOptions>): FileLock | undefined {
  let taken: FileLock | undefined;
  try {
    taken = takeName(system, pid);
  } catch (error) {
    expected(error);
    if (!isGuarded || error.code === "HC_LOCKS_UNAVAILABLE") throw error;
    system.log.debug(error.message);
    return undefined;
  }
  if (taken !== undefined) return taken;
  const holder = readHolder(system);
  throw new HeadcniError(
    "HC_DAEMON_RUNNING",
    `Cannot start: another headcni-daemon runs on this node (process ${holder || "unknown"})`,
    {
      hint: `Stop that one first, or ask it with \`headcni status\`; the lock is ${lockFile}`,
      details: { pid: holder },
    },
  );
}

/** The process id in the lock's file: of the daemon that has it, or had it last; empty when there is none. */
export function readHolder({ files }: Pick<System, "files">): string {
  return new TextDecoder().decode(files.readIfPresent(lockFile, 64)).trim();
}

interface KeptLock {
  readonly lock: FileLock | undefined;
  readonly pid: number;
}

/** The lock whose file has the name now; undefined while none can be made. */
function keepName(system: System, { lock, pid }: KeptLock): FileLock | undefined {
  const { files, log } = system;
  let taken: FileLock | undefined;
  try {
    if (lock?.isAt(files.hostPath(lockFile)) === true) return lock;
    taken = takeName(system, pid);
  } catch (error) {
    expected(error);
    log.debug(`The daemon's lock cannot be looked at: ${error.message}`);
    return lock;
  }
  if (taken !== undefined && lock === undefined) return taken;
  if (taken !== undefined) {
    log.warn("DaemonLockTakenBack", `${lockFile} was removed or replaced while the daemon runs, and is taken back`, {
      hint: "leave /run/headcni alone while a daemon runs: it keeps a second one from starting",
    });
    return taken;
  }
  const holder = readHolder(system);
  throw new HeadcniError(
    "HC_DAEMON_RUNNING",
    `Stopping: ${lockFile} was removed or replaced, and another headcni-daemon has this node now (process ${holder || "unknown"})`,
    {
      hint: "run one daemon a node: stop one of the two, and leave /run/headcni alone while it runs",
      details: { pid: holder },
    },
  );
}

function takeName({ files, log }: System, pid: number): FileLock | undefined {
  files.makeDir(dirname(lockFile));
  const lock = tryLockFile(files.hostPath(lockFile));
  try {
    lock?.write(`${pid}\n`);
  } catch (error) {
    expected(error);
    // On a disk that is full or read-only the lock is held all the same: the number is for people.
    log.debug(error.message);
  }
  return lock;
}

/**
 * Keeps a daemon from starting meanwhile.
 * @throws HeadcniError HC_DAEMON_RUNNING when one runs: it would undo within seconds what is taken out
 */
export function keepDaemonOut({ files }: System, refused: Refused): FileLock | undefined {
  if (files.stat(lockFile) === undefined) return undefined;
  const lock = tryLockFile(files.hostPath(lockFile));
  if (lock !== undefined) return lock;
  throw new HeadcniError(
    "HC_DAEMON_RUNNING",
    `${refused}: headcni-daemon runs on this node and would put its conflist back within seconds`,
    { hint: "stop the daemon first; --dry-run shows what would be done" },
  );
}
