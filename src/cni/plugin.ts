// The CNI plugin's process: the real world around `dispatch`. Loaded for every pod, so nothing here or below may import a library
// (`test/policy/layers.test.ts` holds the list).

import { createMachine } from "../sys/machine.ts";
import { readStdin, writeStderr, writeStdout } from "../sys/process/plugin-io.ts";
import { dispatch } from "./dispatch.ts";

/** Answers the call this process was started for, and gives its exit code. */
export async function runPlugin(): Promise<number> {
  const { files, clock, exec, env } = createMachine();
  let warnings = "";
  const warn = (text: string): void => {
    warnings += text;
  };
  const { exitCode, stdout, takeBack } = await dispatch({ files, clock, exec, env, readStdin, warn });
  const isHeard = writeStdout(stdout);
  // A runtime that could not read the result does not take the attachment for made.
  if (!isHeard) await takeBack?.();
  writeStderr(warnings);
  return isHeard ? exitCode : Math.max(exitCode, 1);
}
