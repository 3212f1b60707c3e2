// Repeats what may succeed the next time: Headscale that is being started, a proxy that says so, a connection that broke. A wrong key or
// a node that is not there is told at once.

import { type BackoffOptions, createBackoff } from "../../sys/backoff.ts";
import type { System } from "../../sys/system.ts";
import { HeadscaleError } from "./headscale-error.ts";

const pauses: BackoffOptions = { firstMs: 500, maxMs: 4000 };
/** A caller that stays looks again by itself; one on a terminal does not wait for longer. */
const deadlineMs = 20_000;

/** @throws what `work` threw last */
export async function withRetries<T>(
  system: Pick<System, "clock" | "random">,
  work: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { clock } = system;
  const backoff = createBackoff(system, pauses);
  const endMs = clock.monotonicMs() + deadlineMs;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof HeadscaleError) || error.failure !== "unavailable") throw error;
      const pauseMs = backoff.nextMs();
      if (signal.aborted || clock.monotonicMs() + pauseMs > endMs) throw error;
      await clock.sleep(pauseMs, signal);
      if (signal.aborted) throw error;
    }
  }
}
