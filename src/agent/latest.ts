// A value that one part of the daemon changes and another waits for.

export interface Setting<T> {
  readonly value: T;
  set(value: T): void;
  /** Resolves when the value is another than `known`, or `signal` aborts. */
  changedFrom(known: T, signal: AbortSignal): Promise<void>;
}

export function createSetting<T>(initial: T): Setting<T> {
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
    changedFrom: async (known, signal) => {
      const aborted = Promise.withResolvers<void>();
      const onAbort = (): void => aborted.resolve();
      signal.addEventListener("abort", onAbort, { once: true });
      while (value === known && !signal.aborted) await Promise.race([changed.promise, aborted.promise]);
      signal.removeEventListener("abort", onAbort);
    },
  };
}
