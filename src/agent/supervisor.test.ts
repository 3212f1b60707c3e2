import { describe, expect, test } from "bun:test";
import { fakeClock, memoryLog, waitUntil } from "../sys/testing.ts";
import type { Agent } from "./agent.ts";
import { onceAll, superviseAll } from "./supervisor.ts";

type Part = Pick<Agent, "name" | "run">;

const create = () => ({ clock: fakeClock(), log: memoryLog(), stop: new AbortController(), ended: [] as string[] });

/** An agent that runs until it is stopped, and notes when it has. */
function lasting(name: string, ended: string[]): Part {
  return {
    name,
    run: (signal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => {
          ended.push(name);
          resolve();
        });
      }),
  };
}

describe("superviseAll()", () => {
  test("stops all agents in order on the signal", async () => {
    const { clock, log, stop, ended } = create();
    const all = superviseAll({ clock, log }, [lasting("a", ended), lasting("b", ended)], {
      signal: stop.signal,
      stopMs: 100,
    });
    stop.abort();
    await all;
    expect(ended).toEqual(["a", "b"]);
    expect(log.entries).toEqual([]);
  });

  test("stops the rest when one agent fails, and throws what it threw", async () => {
    const { clock, log, stop, ended } = create();
    const failing: Part = { name: "failing", run: () => Promise.reject(new Error("broken")) };
    const all = superviseAll({ clock, log }, [lasting("a", ended), failing], { signal: stop.signal, stopMs: 100 });
    await expect(all).rejects.toThrow("broken");
    expect(ended).toEqual(["a"]);
    expect(log.entries[0]?.message).toBe("A part of the daemon ended by itself, stopping: failing");
  });

  test("stops the rest when one agent just ends", async () => {
    const { clock, log, stop, ended } = create();
    const short: Part = { name: "short", run: async () => undefined };
    await superviseAll({ clock, log }, [short, lasting("a", ended)], { signal: stop.signal, stopMs: 100 });
    expect(ended).toEqual(["a"]);
  });

  test("waits for an agent only so long, and says which one hangs", async () => {
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

describe("onceAll()", () => {
  type Once = Pick<Agent, "name" | "once">;
  const step = (name: string, once: Agent["once"]): Once => ({ name, once });

  test("lets all begin at once, and says when those before have made their step", async () => {
    const { clock, log, stop } = create();
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const agents = [
      step("a", async () => {
        order.push("a begins");
        await first.promise;
        order.push("a ends");
      }),
      step("b", async (_signal, earlier) => {
        order.push("b begins");
        await earlier;
        order.push("b ends");
      }),
      step("c", async () => {
        order.push("c");
        first.resolve();
      }),
    ];
    await onceAll({ clock, log }, agents, { signal: stop.signal, stopMs: 100 });
    expect(order).toEqual(["a begins", "b begins", "c", "a ends", "b ends"]);
  });

  const untilStopped = (name: string, ended: string[]): Once =>
    step(name, (signal) =>
      new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve())).then(
        () => void ended.push(name),
      ),
    );

  test("stops the rest in order when one fails, and throws what it threw", async () => {
    const { clock, log, stop, ended } = create();
    const failing = step("failing", () => Promise.reject(new Error("broken")));
    const all = onceAll({ clock, log }, [untilStopped("a", ended), failing, untilStopped("b", ended)], {
      signal: stop.signal,
      stopMs: 100,
    });
    await expect(all).rejects.toThrow("broken");
    expect(ended).toEqual(["a", "b"]);
  });

  test("stops them in order on the signal", async () => {
    const { clock, log, stop, ended } = create();
    const all = onceAll({ clock, log }, [untilStopped("a", ended), untilStopped("b", ended)], {
      signal: stop.signal,
      stopMs: 100,
    });
    stop.abort();
    await all;
    expect(ended).toEqual(["a", "b"]);
  });
});
