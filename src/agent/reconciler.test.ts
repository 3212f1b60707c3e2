import { describe, expect, test } from "bun:test";
import { HeadcniError } from "../sys/errors.ts";
import { fakeClock, memoryLog, tempRoot, testSystem, waitUntil } from "../sys/testing.ts";
import { createConditionStore } from "./condition-store.ts";
import { type Condition, conditionsOf, type Failure, kind } from "./conditions.ts";
import { createLatest } from "./latest.ts";
import { createReconciler, defaultResyncMs, type ReconcilerOptions, throwIfStopping } from "./reconciler.ts";

const condition = conditionsOf({
  Broken: kind<Failure>({ severity: "error", title: "Broken", impactsConnectivity: true, text: ({ why }) => why }),
  Odd: kind<Failure>({ severity: "warning", title: "Odd", impactsConnectivity: false, text: ({ why }) => why }),
  Blocked: kind<Failure>({
    severity: "warning",
    title: "Blocked",
    impactsConnectivity: false,
    isAwaited: true,
    text: ({ why }) => why,
  }),
});

function create(options: Partial<ReconcilerOptions> = {}) {
  const root = tempRoot();
  const clock = fakeClock();
  const system = testSystem(root, { clock, log: memoryLog() });
  const conditions = createConditionStore(system);
  const steps: (readonly string[])[] = [];
  const held: { conditions: readonly Condition[] } = { conditions: [] };
  const step: ReconcilerOptions["step"] = async (reasons) => {
    steps.push(reasons);
    return held.conditions;
  };
  const reconciler = createReconciler(system, { name: "one", conditions, step, ...options });
  const stop = new AbortController();
  const rests = (count: number) =>
    waitUntil("it has made its steps", () => steps.length === count && clock.sleeping === 1);
  const codes = () => conditions.list().map(({ code }) => code);
  return {
    reconciler,
    clock,
    steps,
    held,
    stop,
    rests,
    codes,
    conditions,
    [Symbol.dispose]: () => root[Symbol.dispose](),
  };
}

describe("createReconciler()", () => {
  test("makes a step at once, then by itself now and then", async () => {
    using at = create();
    const running = at.reconciler.run(at.stop.signal);
    await at.rests(1);
    await at.clock.advance(defaultResyncMs);
    await at.rests(2);
    expect(at.steps).toEqual([["start"], ["timer"]]);
    expect(at.reconciler.last.value).toMatchObject({ reasons: ["timer"], count: 2, durationMs: 0 });
    at.stop.abort();
    await running;
    expect(at.clock.sleeping).toBe(0);
  });

  test("makes a step when it is woken, and when a value it reads is another", async () => {
    const input = createLatest(1);
    using at = create({ inputs: { config: input } });
    const running = at.reconciler.run(at.stop.signal);
    await at.rests(1);
    at.reconciler.wake("SIGHUP");
    await at.rests(2);
    input.set(2);
    await at.rests(3);
    input.set(2);
    expect(at.steps).toEqual([["start"], ["SIGHUP"], ["config"]]);
    at.stop.abort();
    await running;
  });

  test.each(["Broken", "Blocked"] as const)("looks sooner while %s holds, and not while Odd does", async (code) => {
    using at = create();
    at.held.conditions = [condition(code, { why: "so" })];
    const running = at.reconciler.run(at.stop.signal);
    await at.rests(1);
    await at.clock.advance(5000);
    await waitUntil("it has looked sooner", () => at.steps.length >= 2);
    at.held.conditions = [condition("Odd", { why: "so" })];
    await at.clock.advance(5000);
    const count = at.steps.length;
    await at.clock.advance(5000);
    expect(at.steps.length).toBe(count);
    expect(at.codes()).toEqual(["Odd"]);
    at.stop.abort();
    await running;
  });

  test("waits longer after each failure when it is told to", async () => {
    using at = create({ retry: { firstMs: 1000, maxMs: 64_000 } });
    at.held.conditions = [condition("Broken", { why: "so" })];
    const running = at.reconciler.run(at.stop.signal);
    await at.rests(1);
    await at.clock.advance(63_000);
    // 1 + 2 + 4 + 8 + 16 + 32 s at most, half of it at least.
    expect(at.steps.length).toBeGreaterThanOrEqual(6);
    expect(at.steps.length).toBeLessThanOrEqual(8);
    at.stop.abort();
    await running;
  });

  test("makes a condition of an expected failure, and ends by a fault", async () => {
    const failure = { error: new HeadcniError("HC_DATAPLANE", "no nft") as Error };
    const failed = (error: HeadcniError) => condition("Broken", { why: error.message });
    using at = create({ step: () => Promise.reject(failure.error), failed });
    await at.reconciler.once(at.stop.signal);
    expect(at.conditions.list()).toMatchObject([{ code: "Broken", text: "no nft" }]);
    failure.error = new Error("a fault");
    await expect(at.reconciler.run(at.stop.signal)).rejects.toThrow("a fault");
    at.stop.abort();
  });

  test("throws an expected failure that has no condition", async () => {
    using at = create({ step: () => Promise.reject(new HeadcniError("HC_DATAPLANE", "no nft")) });
    await expect(at.reconciler.once(at.stop.signal)).rejects.toThrow("no nft");
  });

  test("ends when a step is stopped on its way, and concludes nothing from it", async () => {
    const stop = new AbortController();
    const answers: (() => readonly Condition[])[] = [
      () => [condition("Odd", { why: "a" })],
      () => {
        stop.abort();
        throwIfStopping(stop.signal);
        return [];
      },
      () => [condition("Broken", { why: "what was asked was killed" })],
    ];
    using at = create({ step: async () => answers.shift()?.() ?? [] });
    await at.reconciler.once(stop.signal);
    await at.reconciler.once(stop.signal);
    await at.reconciler.once(stop.signal);
    expect(at.codes()).toEqual(["Odd"]);
    expect(at.reconciler.last.value?.count).toBe(1);
  });

  test("stuck() tells a step that hangs from one that is awaited", async () => {
    const hang = Promise.withResolvers<readonly Condition[]>();
    using at = create({ step: () => hang.promise });
    const running = at.reconciler.run(at.stop.signal);
    await at.clock.advance(0);
    await at.clock.advance(59_000);
    expect(at.reconciler.stuck()).toBeUndefined();
    await at.clock.advance(2000);
    expect(at.reconciler.stuck()).toBe("the reconcile loop of one has been busy for 61 s");
    at.stop.abort();
    hang.reject(new Error("over"));
    await expect(running).rejects.toThrow("over");
  });
});
