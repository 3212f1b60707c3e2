// Pings peers that are met for the first time: WireGuard drops the first packet to a peer that does not know this node yet and tries
// again only after 5 s, which would be the first packet of a pod.

import { expected } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import type { TailnetPeer } from "../tailnet/tailnet.ts";
import type { LocalApi } from "./local-api/local-api.ts";

/** A peer that does not answer takes seconds. */
const atOnce = 8;

export interface PeerPings {
  /** Pings those that serve routes, are online and were not so before. Returns at once. */
  meet(api: LocalApi, peers: readonly TailnetPeer[], signal: AbortSignal): void;
}

export function createPeerPings({ log }: Pick<System, "log">): PeerPings {
  let met: ReadonlySet<string> = new Set();
  const waiting: (() => Promise<void>)[] = [];
  let running = 0;

  const work = async (): Promise<void> => {
    running += 1;
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
    running -= 1;
  };

  return {
    meet: (api, peers, signal) => {
      const present = peers.filter(({ isOnline, primaryRoutes }) => isOnline && primaryRoutes.length > 0);
      const fresh = present.filter(({ id }) => !met.has(id));
      met = new Set(present.map(({ id }) => id));
      waiting.push(...fresh.map((peer) => () => pingOnce(log, { api, peer, signal })));
      while (running < atOnce && waiting.length > 0) void work();
    },
  };
}

interface PingOptions {
  readonly api: LocalApi;
  readonly peer: TailnetPeer;
  readonly signal: AbortSignal;
}

async function pingOnce(log: System["log"], { api, peer, signal }: PingOptions): Promise<void> {
  const [address] = peer.addresses;
  if (address === undefined || signal.aborted) return;
  try {
    const answer = await api.ping(address.toString(), signal);
    const said = answer.kind === "answered" ? "answers on the tailnet" : `does not answer: ${answer.why}`;
    log.debug(`${peer.name} ${said}`);
  } catch (error) {
    expected(error);
    log.debug(`Cannot ping ${peer.name}: ${error.message}`);
  }
}
