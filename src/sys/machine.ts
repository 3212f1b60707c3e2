// The part of the machine that a CNI call needs: files, programs, time, environment. The rest is in `system.ts`, which a plugin
// that starts for each pod does not load.

import { type Clock, realClock } from "./clock.ts";
import { createFiles, type Files } from "./fs/files.ts";
import { join } from "./fs/path.ts";
import { type Exec, realExec } from "./process/exec.ts";

export type Env = Readonly<Record<string, string | undefined>>;

export interface Machine {
  readonly files: Files;
  readonly exec: Exec;
  readonly clock: Clock;
  readonly env: Env;
}

/** The machine this process runs on. @param root directory that plays the node's "/" */
export function createMachine(root = "/"): Machine {
  return { files: createFiles(root), exec: realExec, clock: realClock, env: process.env };
}

/** A path as the person at the shell means it, made absolute by the working directory. */
export function absolutePath(path: string): string {
  return path.startsWith("/") ? path : join(process.cwd(), path);
}
