// Follows tailscaled's notification bus. A message says that something changed, never what: deltas drift between versions, so
// whatever comes makes the agent ask for the status. tailscaled cuts a reader off that is too slow; then, and after each restart, it is
// asked again.

import type { Watchable } from "../../agent/latest.ts";
import type { RecordMetric } from "../../agent/metrics.ts";
import { createBackoff } from "../../sys/backoff.ts";
import { expected } from "../../sys/errors.ts";
import { HttpError } from "../../sys/net/http-error.ts";
import type { System } from "../../sys/system.ts";
import { tailscaleMetrics } from "../metrics.ts";
import type { LocalApi } from "./local-api.ts";
import { compareVersions } from "./tailscale-version.ts";

const initialStatePrefsHealth = 2 | 4 | 128;
/** Has tailscaled gather network maps to one every few seconds; from 1.102 on not allowed beside peer changes. */
const rateLimit = 256;
const peerChanges = 4096;

/**
 * What is asked for: from 1.102 on peers as deltas, before that network maps. Bits that a version does not know are passed over.
 * @param refused masks that tailscaled did not take
 */
export function busMask(version: string, refused: ReadonlySet<number> = new Set()): number {
  const hasDeltas = (compareVersions(version, "1.102.0") ?? 0) >= 0;
  const mask = initialStatePrefsHealth | peerChanges | (hasDeltas ? 0 : rateLimit);
  return refused.has(mask) ? mask ^ rateLimit : mask;
}

export interface FollowBusOptions {
  /** Undefined while there is no tailscaled. */
  readonly connection: Watchable<LocalApi | undefined>;
  /** Called with each message, and with none when messages may have been missed. */
  readonly changed: (line?: string) => void;
  /** Called when messages begin or cease to come. */
  readonly connected: (isConnected: boolean) => void;
  readonly record: RecordMetric;
}

/** Follows until `signal` aborts. */
export async function followBus(system: System, options: FollowBusOptions, signal: AbortSignal): Promise<void> {
  const { connection, changed, connected, record } = options;
  const backoff = createBackoff(system, { firstMs: 500, maxMs: 30_000 });
  const refused = new Set<number>();
  while (!signal.aborted) {
    const api = connection.value;
    if (api === undefined) {
      await connection.changed(undefined, signal);
      continue;
    }
    let mask = 0;
    try {
      const { version } = await api.status(signal, "without");
      mask = busMask(version, refused);
      for await (const line of api.watch(mask, signal)) {
        connected(true);
        backoff.reset();
        changed(line);
      }
    } catch (error) {
      expected(error);
      if (error instanceof HttpError && error.status === 400) refused.add(mask);
      system.log.debug(`tailscaled's notifications ended: ${error.message}`);
    }
    connected(false);
    if (signal.aborted) return;
    record(tailscaleMetrics.busReconnects, 1);
    changed();
    await orChanged(connection, api, (done) => backoff.wait(done), signal);
  }
}

/** Waits as `wait` does, but no longer than `known` is the connection. */
async function orChanged(
  connection: Watchable<LocalApi | undefined>,
  known: LocalApi,
  wait: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const done = new AbortController();
  const either = AbortSignal.any([signal, done.signal]);
  await Promise.race([wait(either), connection.changed(known, either)]);
  done.abort();
}
