// Everything the plugin touches outside itself, as one value: the protocol tests hand it another one and run in memory.

import type { Clock } from "../sys/clock.ts";
import type { Files } from "../sys/fs/files.ts";
import type { Env } from "../sys/machine.ts";
import type { StdinLimits, StdinRead } from "../sys/process/bun-stdio.ts";
import type { Exec } from "../sys/process/exec.ts";

export interface PluginWorld {
  readonly files: Files;
  readonly clock: Clock;
  readonly env: Env;
  readonly exec: Exec;
  readStdin(limits: StdinLimits): Promise<StdinRead>;
  /** Text for people, with its newline; goes to standard error. */
  warn(text: string): void;
}

/** What a call leaves: the process prints it and exits. */
export interface PluginOutput {
  readonly exitCode: number;
  /** One JSON object, or nothing. */
  readonly stdout: string;
  /** For when nobody can be told: undoes what was done. Never throws. */
  readonly takeBack?: () => Promise<void>;
}

export const nothingToSay: PluginOutput = { exitCode: 0, stdout: "" };
