// Hears of routes that nodes have begun or ceased to offer, from a tailscaled on this machine: so that the controller asks Headscale when
// there is something to approve, and not all the time. Without a tailscaled there is nothing to hear.

import { createLatest, type Watchable } from "../agent/latest.ts";
import { createTrigger } from "../agent/trigger.ts";
import { createBackoff } from "../sys/backoff.ts";
import { expected } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { busMask } from "../tailscale/local-api/bus.ts";
import { connectLocalApi, type LocalApi } from "../tailscale/local-api/local-api.ts";

export interface Offers {
  /** What all peers offer, as text; another one when that has changed. Undefined while no tailscaled tells of it. */
  readonly heard: Watchable<string | undefined>;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Messages are gathered for so long, and for this much longer for each peer: a map of 300 takes some 10 ms to read. The control server
 * gathers what it sends, too, so more of this is waited for and not saved.
 */
const gatherMs = 50;
const gatherForPeerMs = 0.5;
/** Within this a node is heard of, whatever the size of the tailnet. */
const longestGatherMs = 1500;
/** Pauses until a tailscaled is looked for again. */
const retry = { firstMs: 1000, maxMs: 30_000 };

/** @param socket of tailscaled; undefined while that is not known */
export function createOffers(system: System, socket: () => string | undefined): Offers {
  const heard = createLatest<string | undefined>(undefined);
  const backoff = createBackoff(system, retry);

  /** Until tailscaled ends it. */
  const follow = async (api: LocalApi, signal: AbortSignal): Promise<void> => {
    const trigger = createTrigger(system.clock);
    const { version } = await api.status(signal, "without");
    const done = new AbortController();
    const either = AbortSignal.any([signal, done.signal]);
    const reading = readOn(api, trigger, either);
    try {
      for await (const _line of api.watch(busMask(version), either)) trigger.wake("bus", gatherOf(heard.value));
    } finally {
      done.abort();
      await reading;
    }
  };
  const readOn = async (api: LocalApi, trigger: ReturnType<typeof createTrigger>, signal: AbortSignal) => {
    while (!signal.aborted) {
      try {
        const offered = await api.offeredRoutes(signal);
        if (offered !== undefined && !signal.aborted) {
          heard.set(JSON.stringify([...offered.peers].toSorted(([a], [b]) => (a < b ? -1 : 1))));
          backoff.reset();
        }
      } catch (error) {
        expected(error);
        system.log.debug(`Cannot read what peers offer: ${error.message}`);
      }
      await trigger.next(Number.POSITIVE_INFINITY, signal);
    }
  };

  return {
    heard,
    run: async (signal) => {
      while (!signal.aborted) {
        const path = socket();
        try {
          if (path !== undefined && system.files.stat(path) !== undefined) {
            using api = await connectLocalApi(system, path);
            await follow(api, signal);
          }
        } catch (error) {
          expected(error);
          system.log.debug(`No word from tailscaled: ${error.message}`);
        }
        heard.set(undefined);
        await backoff.wait(signal);
      }
    },
  };
}

function gatherOf(heard: string | undefined): number {
  // Some 60 characters a peer.
  return Math.min(gatherMs + ((heard?.length ?? 0) / 60) * gatherForPeerMs, longestGatherMs);
}
