import { describe, expect, test } from "bun:test";
import { fakeClock, memoryLog, waitUntil } from "../sys/testing.ts";
import { type Part, superviseAll } from "./supervisor.ts";

const create = () => ({ clock: fakeClock(), log: memoryLog(), stop: new AbortController(), ended: [] as string[] });

/** A part that runs until told to stop, and notes when it has. */
function lasting(name: string, ended: string[]): Part {
  return {
    name,
    run: (signal) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => {
          ended.push(name);
          resolve();
        });
      }),
  };
}

describe("superviseAll()", () => {
  test("stops all parts in reverse order on the signal", async () => {
    const { clock, log, stop, ended } = create();
    const all = superviseAll({ clock, log }, [lasting("a", ended), lasting("b", ended)], {
      signal: stop.signal,
      stopMs: 100,
    });
    stop.abort();
    await all;
    expect(ended).toEqual(["b", "a"]);
    expect(log.entries).toEqual([]);
  });

  test("stops the rest when one part fails, and throws what it threw", async () => {
    const { clock, log, stop, ended } = create();
    const failing: Part = { name: "failing", run: () => Promise.reject(new Error("broken")) };
    const all = superviseAll({ clock, log }, [lasting("a", ended), failing], { signal: stop.signal, stopMs: 100 });
    await expect(all).rejects.toThrow("broken");
    expect(ended).toEqual(["a"]);
    expect(log.entries[0]?.message).toBe("A part of the daemon ended by itself, stopping: failing");
  });

  test("stops the rest when one part just ends", async () => {
    const { clock, log, stop, ended } = create();
    const short: Part = { name: "short", run: async () => undefined };
    await superviseAll({ clock, log }, [short, lasting("a", ended)], { signal: stop.signal, stopMs: 100 });
    expect(ended).toEqual(["a"]);
  });

  test("waits for a part only so long, and says which one hangs", async () => {
    const { clock, log, stop } = create();
    const hanging: Part = { name: "hanging", run: () => new Promise(() => undefined) };
    const all = superviseAll({ clock, log }, [hanging], { signal: stop.signal, stopMs: 100 });
    stop.abort();
    await waitUntil("the supervisor waits", () => clock.sleeping === 1);
    await clock.advance(100);
    await all;
    expect(log.entries[0]?.message).toBe("Part of the daemon did not stop in 100 ms: hanging");
  });
});
