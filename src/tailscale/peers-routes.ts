// What peers offer to serve, approved or not. Only a whole network map has it, which is large: it is asked for when something has changed,
// and not again soon.

import { throwIfStopping } from "../agent/reconciler.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { expected } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import type { LocalApi } from "./local-api/local-api.ts";
import type { TailscaleStatus } from "./local-api/tailscale-status.ts";

/** Pause between two network maps; a peer has some 3 KB in one, which takes 30 µs to decode. */
const gapMs = 10_000;
const gapForPeerMs = 50;

export interface ReadPeersRoutes {
  /** By the peer's id; undefined before the first network map. */
  readonly routes: ReadonlyMap<string, readonly Prefix[]> | undefined;
  /** When there is something newer to be asked for; undefined: nothing has changed since. */
  readonly retryAfterMs: number | undefined;
}

export interface PeersRoutes {
  /** To be called with each change that was heard of: the step of an agent. */
  read(api: LocalApi, status: TailscaleStatus, signal: AbortSignal): Promise<ReadPeersRoutes>;
}

export function createPeersRoutes({ clock, log }: Pick<System, "clock" | "log">): PeersRoutes {
  let routes: ReadonlyMap<string, readonly Prefix[]> | undefined;
  let readMs = Number.NEGATIVE_INFINITY;
  return {
    read: async (api, { peers }, signal) => {
      const leftMs = readMs + gapMs + peers.length * gapForPeerMs - clock.monotonicMs();
      if (leftMs > 0) return { routes, retryAfterMs: leftMs };
      try {
        routes = (await api.peersRoutes(signal)) ?? routes;
      } catch (error) {
        expected(error);
        log.debug(`Cannot read what peers offer: ${error.message}`);
      }
      throwIfStopping(signal);
      readMs = clock.monotonicMs();
      return { routes, retryAfterMs: undefined };
    },
  };
}
