// A value that one agent publishes and others wait for: the last one counts, those between may be missed.

/** What readers get. */
export interface Watchable<T> {
  readonly value: T;
  /** Resolves when the value is another than `known`, or `signal` aborts. */
  changed(known: T, signal: AbortSignal): Promise<void>;
}

export interface Latest<T> extends Watchable<T> {
  /** Wakes those that wait for another value; the same value again wakes nothing. */
  set(next: T): void;
}

export function createLatest<T>(initial: T): Latest<T> {
  let value = initial;
  let changed = Promise.withResolvers<void>();
  return {
    get value() {
      return value;
    },
    set: (next) => {
      if (next === value) return;
      value = next;
      changed.resolve();
      changed = Promise.withResolvers<void>();
    },
    changed: async (known, signal) => {
      const aborted = Promise.withResolvers<void>();
      const onAbort = (): void => aborted.resolve();
      signal.addEventListener("abort", onAbort, { once: true });
      while (value === known && !signal.aborted) await Promise.race([changed.promise, aborted.promise]);
      signal.removeEventListener("abort", onAbort);
    },
  };
}

/** The value as soon as there is one; undefined only when `signal` aborts before. */
export async function firstValue<T>(latest: Watchable<T | undefined>, signal: AbortSignal): Promise<T | undefined> {
  await latest.changed(undefined, signal);
  return latest.value;
}
