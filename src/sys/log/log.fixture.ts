// Says a few things to a log: as a program (`log.fixture.ts json|pretty`) to the daemon's, as a module to any. Used by log.slow.test.ts.

import { HeadcniError } from "../errors.ts";
import type { Log } from "./log.ts";
import { createPinoLog } from "./pino-log.ts";

export function say(log: Log): void {
  const cause = Object.assign(new Error("open failed"), { code: "ENOENT" });
  const details = { path: "/x" };
  log.debug("Looking", { file: "/x", count: 3, list: ["a"], unset: undefined });
  log.warn("ConfigDoubted", "A line\nbreak and an \x1b[31mescape");
  log.error("PartEnded", "Cannot go on", {
    error: new HeadcniError("HC_FILE_READ", "Cannot read /x", { cause, hint: "create it", details }),
  });
  log.error("PartEnded", "Not an error object", { error: "text" });
}

if (import.meta.main) {
  say(await createPinoLog({ level: "debug", format: process.argv[2] === "pretty" ? "pretty" : "json" }));
}
