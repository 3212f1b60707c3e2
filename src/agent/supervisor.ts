// Runs the daemon's parts side by side. The first that ends, well or badly, stops the rest: a daemon with a dead part is worse than
// one that is restarted.

import type { System } from "../sys/system.ts";

/** A part of the daemon. It runs until `signal` aborts, then tidies up and resolves. */
export interface Part {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}

/**
 * Runs all parts until one ends or `signal` aborts, then stops the others in reverse order, waiting for each at most `stopMs`.
 * @throws what the first part that failed threw
 */
export async function superviseAll(
  { clock, log }: Pick<System, "clock" | "log">,
  parts: readonly Part[],
  { signal, stopMs }: { readonly signal: AbortSignal; readonly stopMs: number },
): Promise<void> {
  const running = parts.map((part) => start(part));
  const stopped = Promise.withResolvers<void>();
  const onAbort = (): void => stopped.resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  await Promise.race([stopped.promise, ...running.map(({ end }) => end)]);
  signal.removeEventListener("abort", onAbort);
  if (!signal.aborted) {
    const first = running.find(({ hasEnded }) => hasEnded());
    log.error(`A part of the daemon ended by itself, stopping: ${first?.name}`, { error: first?.failure() });
  }
  for (const part of running.toReversed()) {
    part.abort();
    const timer = new AbortController();
    await Promise.race([part.end, clock.sleep(stopMs, timer.signal)]);
    timer.abort();
    if (!part.hasEnded()) log.warn(`Part of the daemon did not stop in ${stopMs} ms: ${part.name}`);
  }
  for (const { failure } of running) if (failure() !== undefined) throw failure();
}

interface RunningPart {
  readonly name: string;
  /** Resolves when the part ends, also when it failed. */
  readonly end: Promise<void>;
  abort(): void;
  hasEnded(): boolean;
  failure(): unknown;
}

function start(part: Part): RunningPart {
  const controller = new AbortController();
  let hasEnded = false;
  let failure: unknown;
  const end = (async () => {
    try {
      await part.run(controller.signal);
    } catch (error) {
      failure = error ?? new Error(`${part.name} failed`);
    } finally {
      hasEnded = true;
    }
  })();
  return { name: part.name, end, abort: () => controller.abort(), hasEnded: () => hasEnded, failure: () => failure };
}
