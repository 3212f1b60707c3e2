// What peers offer to serve, approved or not. Only a whole network map has it, which is large: it is asked for when something has changed,
// and not again soon; at rest only now and then.

import { throwIfStopping } from "../agent/reconciler.ts";
import { expected } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import type { LocalApi } from "./local-api/local-api.ts";
import type { OfferedRoutes } from "./local-api/local-api-schema.ts";

/** Pause between two network maps; a peer has some 3 KB in one, which takes 30 µs to decode. */
const gap = { firstMs: 4000, forPeerMs: 50 };
/** The same while a claim is judged, and how long it goes without one then: what is not newer than a claim's time proves nothing. */
const closeGap = { firstMs: 300, forPeerMs: 5 };
const closeEvery = { firstMs: 1000, forPeerMs: 10 };
/** How long it goes without one where tailscaled tells of changes and told of none. */
const quietEveryMs = 300_000;

export interface ReadPeersRoutes {
  /** Undefined before the first network map. */
  readonly routes: OfferedRoutes | undefined;
  /** When that was read; monotonic milliseconds. */
  readonly readMs: number | undefined;
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
  let routes: OfferedRoutes | undefined;
  let readMs: number | undefined;
  let triedMs = Number.NEGATIVE_INFINITY;
  return {
    read: async (api, { peers, urgency }, signal) => {
      const isClose = urgency === "close";
      const { firstMs, forPeerMs } = isClose ? closeGap : gap;
      const startedMs = clock.monotonicMs();
      const isKnown = readMs !== undefined && startedMs - readMs < quietEveryMs;
      if (urgency === "quiet" && isKnown) return { routes, readMs, retryAfterMs: undefined };
      const leftMs = triedMs + firstMs + peers * forPeerMs - startedMs;
      if (leftMs > 0) return { routes, readMs, retryAfterMs: leftMs };
      try {
        const found = await api.offeredRoutes(signal);
        if (found !== undefined) [routes, readMs] = [found, startedMs];
      } catch (error) {
        expected(error);
        log.debug(`Cannot read what peers offer: ${error.message}`);
      }
      throwIfStopping(signal);
      triedMs = clock.monotonicMs();
      const againMs = closeEvery.firstMs + peers * closeEvery.forPeerMs;
      return { routes, readMs, retryAfterMs: isClose ? againMs : undefined };
    },
  };
}
