// How long to wait before the next try of what has failed: doubling from a first delay up to a cap, each with jitter, so that the
// nodes of a cluster do not come back to a restarted server all at once.

import type { Clock } from "./clock.ts";

export interface BackoffOptions {
  /** The longest delay after the first failure, milliseconds. */
  readonly firstMs: number;
  /** No delay is longer. */
  readonly maxMs: number;
}

export interface Backoff {
  /** How many tries have failed since the start or the last `reset`. */
  readonly failures: number;
  /** Counts one failure. @returns how long to wait now, milliseconds */
  nextMs(): number;
  /** Counts one failure and waits; returns at once when `signal` aborts. Never rejects. */
  wait(signal: AbortSignal): Promise<void>;
  /** After a success: the next failure waits shortly again. */
  reset(): void;
}

/**
 * The delay after the given number of failures (1 is the first), milliseconds: between half of the doubled delay and all of it.
 * @param random in [0, 1), as `Math.random`
 */
export function backoffMs(failures: number, { firstMs, maxMs }: BackoffOptions, random: () => number): number {
  // 2 ** 1024 is infinite, which the cap takes care of.
  const longestMs = Math.min(maxMs, firstMs * 2 ** (failures - 1));
  return Math.round(longestMs * (0.5 + random() / 2));
}

/** @param machine its clock, and where randomness comes from; a System has both */
export function createBackoff(
  { clock, random }: { readonly clock: Pick<Clock, "sleep">; readonly random: () => number },
  options: BackoffOptions,
): Backoff {
  let failures = 0;
  const nextMs = (): number => {
    failures += 1;
    return backoffMs(failures, options, random);
  };
  return {
    get failures() {
      return failures;
    },
    nextMs,
    wait: (signal) => clock.sleep(nextMs(), signal),
    reset: () => {
      failures = 0;
    },
  };
}
