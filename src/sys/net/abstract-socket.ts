// Names in Linux' abstract socket namespace, of which each network namespace has one: what holds a name there cannot be unmounted,
// removed or hidden by another mount namespace, and the kernel lets go of it with the process.

import { describeError, errnoOf } from "../errors.ts";
import { abstractSocketOwner } from "../process/libc.ts";

export type NameClaim =
  | ({ readonly kind: "held" } & Disposable)
  /** By another process; `pid` is 0 when that is of another pid namespace, or has just gone. */
  | { readonly kind: "taken"; readonly pid: number; readonly uid: number | undefined }
  /** Sockets are not allowed here. */
  | { readonly kind: "refused"; readonly why: string };

/** Holds `name` until it is disposed. Nothing is ever said on the socket. */
export function claimAbstractName(name: string): NameClaim {
  try {
    const listener = Bun.listen({
      unix: `\0${name}`,
      socket: { open: (socket) => void socket.end(), data: () => undefined },
    });
    listener.unref();
    return { kind: "held", [Symbol.dispose]: () => listener.stop(true) };
  } catch (error) {
    if (errnoOf(error) !== "EADDRINUSE") return { kind: "refused", why: describeError(error) };
    const owner = abstractSocketOwner(name);
    return { kind: "taken", pid: owner?.pid ?? 0, uid: owner?.uid };
  }
}
