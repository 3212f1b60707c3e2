// VERSION: which versions of the specification this plugin speaks. An entry of its own beside `main.ts`: it needs nothing of the
// machine, and loading the rest would be a third of its time.

import { cniVersions, newestVersion } from "../../spec/versions.ts";
import {
  readStdinStream,
  type StdinLimits,
  type StdinRead,
  writeStdoutStream,
} from "../../sys/process/stream-stdio.ts";

/** The answer is the same whatever the input, and many callers leave theirs open. */
const stdinLimits = { maxBytes: 64 << 10, timeoutMs: 200 } as const;

/** The answer's text, in the version the question names, which is all its input is good for. Never throws. */
export async function answerVersion(readStdin: (limits: StdinLimits) => Promise<StdinRead>): Promise<string> {
  const { text } = await readStdin(stdinLimits);
  return `${JSON.stringify({ cniVersion: askedVersion(text) ?? newestVersion, supportedVersions: cniVersions })}\n`;
}

/** Answers VERSION on standard output, and gives the exit code. */
export async function runVersion(): Promise<number> {
  return (await writeStdoutStream(await answerVersion(readStdinStream))) ? 0 : 1;
}

function askedVersion(text: string): string | undefined {
  try {
    const asked: unknown = JSON.parse(text)?.cniVersion;
    return typeof asked === "string" && /^\d+(\.\d+){0,2}$/.test(asked) ? asked : undefined;
  } catch {
    // VERSION is to be answered whatever stands on standard input.
    return undefined;
  }
}
