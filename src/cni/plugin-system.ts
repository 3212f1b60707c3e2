// Everything the plugin touches outside itself, as one value: the protocol tests hand it another one and run in memory.

import type { Machine } from "../sys/machine.ts";
import type { StdinLimits, StdinRead } from "../sys/process/stream-stdio.ts";

export interface PluginSystem extends Machine {
  readStdin(limits: StdinLimits): Promise<StdinRead>;
  /** Text for people, with its newline; goes to standard error. */
  warn(text: string): void;
}

/** What a call leaves: the process prints it and exits. */
export interface PluginOutput {
  readonly exitCode: number;
  /** One JSON object, or nothing. */
  readonly stdout: string;
  /** Undoes what was done, for when the runtime cannot read `stdout`. Never throws. */
  readonly undo?: () => Promise<void>;
}

export const emptyOutput: PluginOutput = { exitCode: 0, stdout: "" };
