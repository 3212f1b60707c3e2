// The CNI plugin's process: the machine around `dispatch`. Loaded for every pod, so nothing here or below may import a library
// (`test/policy/layers.test.ts` holds the list).

import { createMachine } from "../sys/machine.ts";
import { readStdin, writeStderr, writeStdout } from "../sys/process/plugin-stdio.ts";
import { dispatch } from "./dispatch.ts";

/** Answers the call this process was started for, and gives its exit code. */
export async function runPlugin(): Promise<number> {
  let warnings = "";
  const warn = (text: string): void => {
    warnings += text;
  };
  const { exitCode, stdout, undo } = await dispatch({ ...createMachine(), readStdin, warn });
  const isWritten = writeStdout(stdout);
  // A runtime that cannot read the result takes the attachment for one that was never made.
  if (!isWritten) await undo?.();
  writeStderr(warnings);
  return isWritten ? exitCode : Math.max(exitCode, 1);
}
