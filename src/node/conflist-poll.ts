// Looks at the conflist every second, cheap enough to be free: two stats. Watches can go deaf (a mount over the directory, no
// inotify instance left), and a node without its conflist takes no pods.

import type { Trigger } from "../agent/trigger.ts";
import { describeError } from "../sys/errors.ts";
import { dirname } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";

const everyMs = 1000;

export interface PollConflistOptions {
  readonly trigger: Pick<Trigger, "wake">;
  /** Where our conflist lies now; undefined while that is not known. */
  readonly path: () => string | undefined;
  /** Called with each look. */
  readonly everySecond?: (() => void) | undefined;
}

/** Until `signal` aborts, wakes the trigger when the conflist or its directory is not what it was at the last look. */
export async function pollConflist(
  system: System,
  { trigger, path, everySecond }: PollConflistOptions,
  signal: AbortSignal,
): Promise<void> {
  let seen = fingerprint(system, path());
  while (!signal.aborted) {
    await system.clock.sleep(everyMs, signal);
    if (signal.aborted) return;
    everySecond?.();
    const at = path();
    const now = fingerprint(system, at);
    if (now !== seen && at !== undefined) trigger.wake(dirname(at), 0);
    seen = now;
  }
}

function fingerprint({ files }: System, path: string | undefined): string {
  return path === undefined ? "" : [dirname(path), path].map((name) => fingerprintOf(files, name)).join(" ");
}

function fingerprintOf(files: System["files"], path: string): string {
  try {
    const info = files.lstat(path);
    return info === undefined
      ? "absent"
      : `${info.inode}:${info.mtimeMs}:${info.mode}:${info.uid}:${info.gid}:${info.sizeBytes}`;
  } catch (error) {
    // What the kernel says is a state like any other: it shows when it changes.
    return describeError(error);
  }
}
