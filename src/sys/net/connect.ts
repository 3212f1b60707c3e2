// One TCP connect from an address of this machine's choice, for what its outcome says of the way there.

import { realClock } from "../clock.ts";
import { describeError } from "../errors.ts";
import { errno, openTcpSocket, socketAddress } from "./sockets.ts";

export interface ConnectOptions {
  /** Address of this machine that the connection comes from. */
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly timeoutMs: number;
}

export type ConnectOutcome =
  /** The other end answered, if only that nothing listens on the port. */
  | { readonly kind: "answered"; readonly isRefused: boolean; readonly rttMs: number }
  | { readonly kind: "silent" }
  /** This machine, or one on the way, knows no way there or lets nothing through. */
  | { readonly kind: "no-route" }
  /** This machine does not have the address `from`. */
  | { readonly kind: "no-local-address" }
  | { readonly kind: "failed"; readonly why: string };

/** Connects and closes at once. Never throws for what the network does; ends early, as silent, when `signal` aborts. */
export type TryConnect = (options: ConnectOptions, signal: AbortSignal) => Promise<ConnectOutcome>;

export const tryConnect: TryConnect = async ({ from, to, port, timeoutMs }, signal) => {
  try {
    using socket = openTcpSocket(to.includes(":"));
    const bound = socket.bind(socketAddress(from, 0));
    if (bound !== 0) return outcomeOf(bound, 0);
    const target = socketAddress(to, port);
    const startMs = realClock.monotonicMs();
    const elapsedMs = (): number => realClock.monotonicMs() - startMs;
    const begun = socket.connect(target);
    if (begun !== errno.EINPROGRESS) return outcomeOf(begun, elapsedMs());
    while (!socket.isDone()) {
      if (elapsedMs() >= timeoutMs || signal.aborted) return { kind: "silent" };
      await pause(elapsedMs());
    }
    return outcomeOf(socket.takeError(), elapsedMs());
  } catch (error) {
    // A host that lets a process make no code while it runs, or that has no descriptor left.
    return { kind: "failed", why: describeError(error) };
  }
};

function outcomeOf(error: number, rttMs: number): ConnectOutcome {
  const kind = outcomes.get(error);
  if (kind === "answered") return { kind, isRefused: error !== 0, rttMs };
  return kind === undefined ? { kind: "failed", why: `error ${error}` } : { kind };
}

const outcomes = new Map<number, "answered" | "silent" | "no-route" | "no-local-address">([
  [0, "answered"],
  [errno.ECONNREFUSED, "answered"],
  [errno.ETIMEDOUT, "silent"],
  [errno.ENETUNREACH, "no-route"],
  [errno.EHOSTUNREACH, "no-route"],
  // What blackhole and prohibit routes answer, and a policy of this machine.
  [errno.EINVAL, "no-route"],
  [errno.EACCES, "no-route"],
  [errno.EPERM, "no-route"],
  [errno.EADDRNOTAVAIL, "no-local-address"],
]);

/** An answer within two milliseconds is timed well; one that takes long is not looked for often. */
async function pause(elapsedMs: number): Promise<void> {
  if (elapsedMs < 2) await new Promise((resolve) => setImmediate(resolve));
  else await realClock.sleep(Math.min(50, Math.max(1, elapsedMs / 20)));
}
