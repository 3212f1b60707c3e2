// What peers offer to serve, approved or not. Only a whole network map has it, which is large: it is asked for when something has changed,
// and not again soon; at rest only now and then.

import { throwIfStopping } from "../agent/reconciler.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { expected } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import type { LocalApi } from "./local-api/local-api.ts";

/** Pause between two network maps; a peer has some 3 KB in one, which takes 30 µs to decode. */
const gap = { firstMs: 4000, forPeerMs: 50 };
/** The same while a claim is judged, and how long it goes without one then, for a message that was missed. */
const closeGap = { firstMs: 300, forPeerMs: 5 };
const closeEveryMs = 2000;
/** How long it goes without one where tailscaled tells of changes and told of none. */
const quietEveryMs = 300_000;

export interface ReadPeersRoutes {
  /** By the peer's id; undefined before the first network map. */
  readonly routes: ReadonlyMap<string, readonly Prefix[]> | undefined;
  /** When there is something newer to be asked for; undefined: nothing has changed since. */
  readonly retryAfterMs: number | undefined;
}

export interface PeersRoutes {
  /** To be called with each change that was heard of: the step of an agent. */
  read(api: LocalApi, options: ReadPeersRoutesOptions, signal: AbortSignal): Promise<ReadPeersRoutes>;
}

export interface ReadPeersRoutesOptions {
  /** How many there are. */
  readonly peers: number;
  /** `close`: something hangs on what they offer just now. `quiet`: tailscaled would have told of a change, and has not. */
  readonly urgency: "close" | "usual" | "quiet";
}

export function createPeersRoutes({ clock, log }: Pick<System, "clock" | "log">): PeersRoutes {
  let routes: ReadonlyMap<string, readonly Prefix[]> | undefined;
  let readMs = Number.NEGATIVE_INFINITY;
  return {
    read: async (api, { peers, urgency }, signal) => {
      const isClose = urgency === "close";
      const { firstMs, forPeerMs } = isClose ? closeGap : gap;
      const isKnown = routes !== undefined && clock.monotonicMs() - readMs < quietEveryMs;
      if (urgency === "quiet" && isKnown) return { routes, retryAfterMs: undefined };
      const leftMs = readMs + firstMs + peers * forPeerMs - clock.monotonicMs();
      if (leftMs > 0) return { routes, retryAfterMs: leftMs };
      try {
        routes = (await api.peersRoutes(signal)) ?? routes;
      } catch (error) {
        expected(error);
        log.debug(`Cannot read what peers offer: ${error.message}`);
      }
      throwIfStopping(signal);
      readMs = clock.monotonicMs();
      return { routes, retryAfterMs: isClose ? Math.max(closeEveryMs, peers * forPeerMs) : undefined };
    },
  };
}
