// Which sockets named as tailscaled's are listened on in this network namespace. Two tailscaled in one take each other's rules away.

import { expected } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { basename } from "../sys/fs/path.ts";

/** SO_ACCEPTCON in the column of flags: a listener. */
const isListening = "00010000";

/** Paths as they were bound, one for each listener. What cannot be read gives none. */
export function tailscaledSockets(files: Files): readonly string[] {
  return readSockets(files).flatMap((line) => {
    const [, , , flags, , , , path = ""] = line.trim().split(/\s+/);
    return flags === isListening && basename(path) === "tailscaled.sock" ? [path] : [];
  });
}

/** Lines of the kernel's table of sockets. */
function readSockets(files: Files): readonly string[] {
  try {
    return new TextDecoder().decode(files.readIfPresent("/proc/net/unix")).split("\n");
  } catch (error) {
    expected(error);
    return [];
  }
}
