// Ends the process on uncaught faults. Bun keeps a process alive after an unhandled rejection, which would leave a
// daemon half dead.

import { writeAll } from "./stdio.ts";

/** Exit code of a fault in HeadCNI itself; the same as `internal` in the command line's table. */
const internalExitCode = 70;

export function installCrashHandler(): void {
  const crash = (what: string) => (reason: unknown) => {
    const text = reason instanceof Error ? (reason.stack ?? reason.message) : String(reason);
    writeAll(2, `error: ${what}: ${text}\n`);
    process.exit(internalExitCode);
  };
  process.on("uncaughtException", crash("uncaught exception"));
  process.on("unhandledRejection", crash("unhandled rejection"));
}
