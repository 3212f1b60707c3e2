// A look at the conflist every second, cheap enough to be free: two stats. Watches can go deaf (a mount over the folder, no
// inotify instance left), and a node without its conflist takes no pods.

import type { Part } from "../agent/supervisor.ts";
import type { Wakeups } from "../agent/trigger.ts";
import { describeError } from "../sys/errors.ts";
import { dirname } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";

const everyMs = 1000;

/** Wakes the daemon when the conflist or its folder is not what it was at the last look. */
export function glancing(system: System, wakeups: Wakeups, conflistPath: () => string): Part {
  return {
    name: "glance",
    run: async (signal) => {
      let seen = fingerprint(system, conflistPath());
      while (!signal.aborted) {
        await system.clock.sleep(everyMs, signal);
        const now = fingerprint(system, conflistPath());
        if (now !== seen) wakeups.wake(dirname(conflistPath()), 0);
        seen = now;
      }
    },
  };
}

function fingerprint({ files }: System, path: string): string {
  return [dirname(path), path].map((name) => fingerprintOf(files, name)).join(" ");
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
