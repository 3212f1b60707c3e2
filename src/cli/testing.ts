// A command line as a test runs it: what it prints is kept, and it is nobody's terminal.

import type { System } from "../sys/system.ts";
import type { CliContext } from "./context.ts";
import { parseCommandLine } from "./program.ts";
import { plainTerminal } from "./terminal/testing.ts";

export interface CommandAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `headcni ARGS` on a machine. */
export async function runCommandLine(system: () => System, ...args: readonly string[]): Promise<CommandAnswer> {
  const answer = { exitCode: 0, stdout: "", stderr: "" };
  const context: CliContext = {
    print: (text) => {
      answer.stdout += text;
    },
    warn: (text) => {
      answer.stderr += text;
    },
    isTerminal: false,
    confirm: () => undefined,
    terminal: plainTerminal,
    system,
    exit: (code) => {
      answer.exitCode = code;
    },
  };
  const exitCode = await parseCommandLine(context, args);
  return { ...answer, exitCode: exitCode ?? answer.exitCode };
}
