// Gathers what may have changed until an agent looks again. A reason says how soon; a burst of them makes one step.

import type { Clock } from "../sys/clock.ts";

export interface Trigger {
  /** Asks for a step within `withinMs`; the earliest of several counts. */
  wake(reason: string, withinMs: number): void;
  /**
   * Resolves when a step is due, with every reason since the last one, and with `["timer"]` after `idleMs` without any.
   * Resolves at once when `signal` aborts.
   */
  next(idleMs: number, signal: AbortSignal): Promise<readonly string[]>;
}

export function createTrigger(clock: Pick<Clock, "monotonicMs" | "sleep">): Trigger {
  const reasons = new Set<string>();
  let dueMs = Number.POSITIVE_INFINITY;
  let interrupt = new AbortController();
  return {
    wake: (reason, withinMs) => {
      reasons.add(reason);
      const askedMs = clock.monotonicMs() + withinMs;
      if (askedMs >= dueMs) return;
      dueMs = askedMs;
      interrupt.abort();
    },
    next: async (idleMs, signal) => {
      const idleDueMs = clock.monotonicMs() + idleMs;
      const onAbort = (): void => interrupt.abort();
      signal.addEventListener("abort", onAbort, { once: true });
      for (;;) {
        const leftMs = Math.min(dueMs, idleDueMs) - clock.monotonicMs();
        if (leftMs <= 0 || signal.aborted) break;
        interrupt = new AbortController();
        await clock.sleep(leftMs, interrupt.signal);
      }
      signal.removeEventListener("abort", onAbort);
      const given = reasons.size === 0 ? ["timer"] : [...reasons];
      reasons.clear();
      dueMs = Number.POSITIVE_INFINITY;
      return given;
    },
  };
}
