// What may call a request off: its caller, or one of the times it has been given, by the clock of the System.

import type { Clock } from "../clock.ts";

/** Why a request was called off, beside its caller's own abort: the time that ran out, as the end of a sentence. */
export type CallOff = { readonly kind: "aborted" } | { readonly kind: "late"; readonly why: string };

export interface Deadline extends Disposable {
  /** Aborts at the first reason. */
  readonly signal: AbortSignal;
  /** Undefined as long as nothing has called the request off. */
  readonly calledOff: CallOff | undefined;
  /** Calls off after `ms` unless the function it returns is called before. */
  start(ms: number, why: string): () => void;
}

/** One for one request; disposing stops its timers. */
export function createDeadline(clock: Clock, callerSignal: AbortSignal | undefined): Deadline {
  const whole = new AbortController();
  const disposed = new AbortController();
  let calledOff: CallOff | undefined;
  const callOff = (reason: CallOff): void => {
    calledOff ??= reason;
    whole.abort();
  };
  const onAbort = (): void => callOff({ kind: "aborted" });
  callerSignal?.addEventListener("abort", onAbort, { once: true });
  if (callerSignal?.aborted === true) onAbort();
  return {
    signal: whole.signal,
    get calledOff() {
      return calledOff;
    },
    start: (ms, why) => {
      const timer = new AbortController();
      const stop = (): void => timer.abort();
      disposed.signal.addEventListener("abort", stop, { once: true });
      const wait = async (): Promise<void> => {
        await clock.sleep(ms, timer.signal);
        disposed.signal.removeEventListener("abort", stop);
        if (!timer.signal.aborted) callOff({ kind: "late", why });
      };
      void wait();
      return stop;
    },
    [Symbol.dispose]: () => {
      callerSignal?.removeEventListener("abort", onAbort);
      disposed.abort();
    },
  };
}
