// The loop an agent is made of: a step after each change that was heard of, and now and then without one, because events get lost.
// An expected failure becomes a condition, and what does not become well is looked at again soon.

import { type BackoffOptions, createBackoff } from "../sys/backoff.ts";
import { expected, type HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import type { Agent, Reconciled } from "./agent.ts";
import type { ConditionStore } from "./condition-store.ts";
import type { Condition } from "./conditions.ts";
import { createLatest, type Watchable } from "./latest.ts";
import { createTrigger, type Trigger } from "./trigger.ts";

/** How long an agent goes without looking when all is well; its pauses while something waits to become well. */
export const defaultResyncMs = 30_000;
const defaultRetry: BackoffOptions = { firstMs: 5000, maxMs: 5000 };
/** A step has deadlines for all it calls; one that takes longer than this hangs. */
const defaultDeadlineMs = 60_000;

export interface ReconcilerOptions {
  readonly name: string;
  readonly conditions: ConditionStore;
  /** Makes the resource as it should be. @returns all conditions that hold of it now */
  readonly step: (reasons: readonly string[], signal: AbortSignal) => Promise<readonly Condition[]>;
  /** The condition for an expected failure of the step. Without it the failure ends the agent. */
  readonly failed?: (error: HeadcniError) => Condition;
  /** Woken from outside, by watches for example. */
  readonly trigger?: Trigger;
  /** Latest values the step reads, by name: another value makes a step. */
  readonly inputs?: Readonly<Record<string, Watchable<unknown>>>;
  /** @default 30 s; a function is asked before each pause */
  readonly resyncMs?: number | (() => number);
  /** Pauses while an error, or a condition that is awaited, holds. @default 2.5 to 5 s */
  readonly retry?: BackoffOptions;
  readonly deadlineMs?: number;
  readonly onReconciled?: (done: Reconciled) => void;
}

export interface Reconciler extends Pick<Agent, "name" | "stuck" | "wake"> {
  once(signal: AbortSignal): Promise<void>;
  run(signal: AbortSignal): Promise<void>;
  /** The last step that has ended. */
  readonly last: Watchable<Reconciled | undefined>;
}

/** The daemon ends in the middle of a step: what it asked was killed, so nothing may be concluded from the answers. */
export class ReconcileStopped extends Error {
  override readonly name = "ReconcileStopped";
}

/** For a step, after each answer of another program. @throws ReconcileStopped when `signal` has aborted */
export function throwIfStopping(signal: AbortSignal): void {
  if (signal.aborted) throw new ReconcileStopped("The daemon ends");
}

export function createReconciler(system: System, options: ReconcilerOptions): Reconciler {
  const { name, conditions, inputs = {}, step } = options;
  const { clock } = system;
  const trigger = options.trigger ?? createTrigger(clock);
  const nextPauseMs = createPauses(system, options);
  const watchdog = createWatchdog(clock, options);
  const last = createLatest<Reconciled | undefined>(undefined);
  let isAwaiting = false;

  const conclude = (raised: readonly Condition[], done: Omit<Reconciled, "count">): void => {
    conditions.set(name, raised);
    isAwaiting = raised.some(({ severity, isAwaited = false }) => severity === "error" || isAwaited);
    const reconciled = { ...done, count: (last.value?.count ?? 0) + 1 };
    options.onReconciled?.(reconciled);
    last.set(reconciled);
  };

  const reconcile = async (reasons: readonly string[], signal: AbortSignal): Promise<void> => {
    const startedAtMs = clock.now();
    const startedMs = clock.monotonicMs();
    watchdog.begin();
    try {
      const raised = await orCondition(() => step(reasons, signal), options.failed);
      throwIfStopping(signal);
      conclude(raised, { reasons, startedAtMs, durationMs: clock.monotonicMs() - startedMs });
    } catch (error) {
      if (!(error instanceof ReconcileStopped)) throw error;
    } finally {
      watchdog.end();
    }
  };

  return {
    name,
    last,
    wake: (reason) => trigger.wake(reason, 0),
    stuck: watchdog.stuck,
    once: (signal) => reconcile(["start"], signal),
    run: async (signal) => {
      const watching = Object.entries(inputs).map(([input, latest]) =>
        wakeOnChange(latest, { trigger, input, signal }),
      );
      // What changed between the first step and now is seen by this one.
      trigger.wake("start", 0);
      while (!signal.aborted) {
        const pauseMs = nextPauseMs(isAwaiting);
        watchdog.pause(pauseMs);
        const reasons = await trigger.next(pauseMs, signal);
        if (!signal.aborted) await reconcile(reasons, signal);
      }
      await Promise.all(watching);
    },
  };
}

/** What the step raises, or the condition for its expected failure. */
async function orCondition(
  step: () => Promise<readonly Condition[]>,
  failed: ReconcilerOptions["failed"],
): Promise<readonly Condition[]> {
  try {
    return await step();
  } catch (error) {
    if (failed === undefined || error instanceof ReconcileStopped) throw error;
    expected(error);
    return [failed(error)];
  }
}

/** How long to wait for the next step. */
function createPauses(
  system: System,
  { retry = defaultRetry, resyncMs = defaultResyncMs }: Pick<ReconcilerOptions, "retry" | "resyncMs">,
) {
  const backoff = createBackoff(system, retry);
  return (isAwaiting: boolean): number => {
    if (isAwaiting) return backoff.nextMs();
    backoff.reset();
    return typeof resyncMs === "number" ? resyncMs : resyncMs();
  };
}

/** Tells a loop that hangs, in a step or on its way to the next one. */
function createWatchdog(
  { monotonicMs }: System["clock"],
  { name, deadlineMs = defaultDeadlineMs }: Pick<ReconcilerOptions, "name" | "deadlineMs">,
) {
  let busySinceMs: number | undefined;
  let wakesByMs = Number.POSITIVE_INFINITY;
  return {
    begin: (): void => {
      busySinceMs = monotonicMs();
    },
    end: (): void => {
      busySinceMs = undefined;
    },
    pause: (ms: number): void => {
      wakesByMs = monotonicMs() + ms;
    },
    stuck: (): string | undefined => {
      const lateMs = monotonicMs() - (busySinceMs ?? wakesByMs);
      if (lateMs < deadlineMs) return undefined;
      const state = busySinceMs === undefined ? "has not woken" : "has been busy";
      return `the reconcile loop of ${name} ${state} for ${Math.round(lateMs / 1000)} s`;
    },
  };
}

interface WakeOptions {
  readonly trigger: Trigger;
  readonly input: string;
  readonly signal: AbortSignal;
}

async function wakeOnChange(latest: Watchable<unknown>, { trigger, input, signal }: WakeOptions): Promise<void> {
  while (!signal.aborted) {
    await latest.changed(latest.value, signal);
    if (!signal.aborted) trigger.wake(input, 0);
  }
}
