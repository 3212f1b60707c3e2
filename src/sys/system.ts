// The machine, as one value. Whatever acts on the world takes a System first, so that a test can hand it
// another clock, root, environment or exec, and nothing else in the code reaches around it.

import { type Clock, realClock } from "./clock.ts";
import { createFiles, type Files } from "./fs/files.ts";
import { join } from "./fs/path.ts";
import { createWatchFolder, type WatchFolder } from "./fs/watch.ts";
import { type Log, silentLog } from "./log/log.ts";
import { type Exec, realExec } from "./process/exec.ts";

export type Env = Readonly<Record<string, string | undefined>>;

export interface System {
  readonly files: Files;
  readonly exec: Exec;
  readonly clock: Clock;
  /** In [0, 1), for what need not be unpredictable: jitter. */
  readonly random: () => number;
  readonly env: Env;
  readonly log: Log;
  readonly watch: WatchFolder;
}

export interface SystemOptions {
  /** Folder that plays the node's "/". @default "/" */
  readonly root?: string | undefined;
  readonly log?: Log | undefined;
}

/** The real machine. */
export function createSystem(options: SystemOptions = {}): System {
  const files = createFiles(options.root ?? "/");
  const log = options.log ?? silentLog;
  return {
    files,
    exec: realExec,
    clock: realClock,
    random: Math.random,
    env: process.env,
    log,
    watch: createWatchFolder(files, log),
  };
}

/** A path as the person at the shell means it, made absolute by the working directory. */
export function absolutePath(path: string): string {
  return path.startsWith("/") ? path : join(process.cwd(), path);
}
