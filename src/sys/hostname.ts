// The host's name: the kernel's, without loading `node:os`, and that of /etc/hostname.

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

export const hostnameFile = "/etc/hostname";

/** What the text of that file says: its first line that is no comment (hostname(5)). */
export function readHostname(text: string): { readonly name: string; readonly line: number } | undefined {
  const lines = text.split("\n").map((line) => line.trim());
  const at = lines.findIndex((line) => line !== "" && !line.startsWith("#"));
  const name = lines[at];
  return name === undefined ? undefined : { name, line: at + 1 };
}
