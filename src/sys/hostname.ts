// The kernel's host name, without loading `node:os`.

import { readFileSync } from "node:fs";

/** What uname(2) calls the node name; undefined when /proc is not there. */
export function machineHostname(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/hostname", "utf8").trim();
  } catch {
    // A container without /proc: the caller asks for the name to be set.
    return undefined;
  }
}
