// When this machine started: what was written before belongs to pods that ended with it.

import type { Files } from "../sys/fs/files.ts";

/** Milliseconds since the epoch (`btime` in /proc/stat, less a second for its rounding); 0 when the node has no /proc. */
export function readBootTimeMs(files: Files): number {
  const bytes = files.readIfPresent("/proc/stat");
  const seconds = bytes === undefined ? null : /^btime (\d+)$/m.exec(new TextDecoder().decode(bytes));
  return seconds === null ? 0 : (Number(seconds[1]) - 1) * 1000;
}
