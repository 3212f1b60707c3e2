// Which tailscaled program this network namespace: two that do take each other's rules and routes away.

import { throwIfStopping } from "../agent/reconciler.ts";
import { expected } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { basename } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { connectLocalApi } from "./local-api/local-api.ts";

/** SO_ACCEPTCON in the kernel's column of flags: a listener. */
const isListening = "00010000";

/**
 * Sockets of all tailscaled in this network namespace, as they were bound, when there is more than one; without those that say they have
 * no device. One in another mount namespace cannot be asked and counts.
 * @param own of the one that is used, which has been asked
 */
export async function competingSockets(system: System, own: string, signal: AbortSignal): Promise<readonly string[]> {
  const sockets = listeningSockets(system.files);
  if (sockets.length < 2) return [];
  const asked = sockets.map(async (socket) =>
    socket !== own && (await isWithoutDevice(system, socket, signal)) ? [] : [socket],
  );
  return (await Promise.all(asked)).flat();
}

async function isWithoutDevice(system: System, socket: string, signal: AbortSignal): Promise<boolean> {
  if (system.files.stat(socket) === undefined) return false;
  using api = await connectLocalApi(system, socket);
  try {
    return (await api.status(signal, "without")).hasTun === false;
  } catch (error) {
    expected(error);
    throwIfStopping(signal);
    return false;
  }
}

/** Sockets named as tailscaled's that are listened on. What cannot be read gives none. */
function listeningSockets(files: Files): readonly string[] {
  return readTable(files).flatMap((line) => {
    const [, , , flags, , , , path = ""] = line.trim().split(/\s+/);
    return flags === isListening && basename(path) === "tailscaled.sock" ? [path] : [];
  });
}

/** The kernel's sockets of this network namespace, one a line. */
function readTable(files: Files): readonly string[] {
  try {
    return new TextDecoder().decode(files.readIfPresent("/proc/net/unix")).split("\n");
  } catch (error) {
    expected(error);
    return [];
  }
}
