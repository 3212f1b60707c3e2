// Which conditions hold now, since when, and which of them are shown: not those whose cause holds too, and not those that have not
// lasted long enough yet. Each agent sets its own; every change is logged once.

import type { System } from "../sys/system.ts";
import type { Condition } from "./conditions.ts";
import { createLatest, type Watchable } from "./latest.ts";
import { createTrigger } from "./trigger.ts";

/** A condition that is shown, with the time it was first seen. */
export interface LastingCondition extends Condition {
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
}

export interface ConditionStore {
  /** What is shown; another list only when one of its conditions came, went or says something else. */
  readonly shown: Watchable<readonly LastingCondition[]>;
  /** The same: errors first, then by code. */
  list(): readonly LastingCondition[];
  /** Takes all that holds of one agent's conditions: what is not among them is over. True when what is shown changed. */
  set(owner: string, conditions: readonly Condition[]): boolean;
  /** Shows conditions when their time has come, until `signal` aborts. Without one that waits it sleeps. */
  run(signal: AbortSignal): Promise<void>;
}

/** A condition that holds, shown or not. */
interface Raised {
  readonly condition: LastingCondition;
  /** When it began; monotonic milliseconds. */
  readonly raisedMs: number;
  /** When it is shown, unless its cause holds; monotonic milliseconds. */
  readonly visibleAtMs: number;
  /** The text that was logged last; undefined while none was. */
  loggedText: string | undefined;
}

/** An empty store that writes to `log` when a shown condition begins, says something else, or is over. */
export function createConditionStore({ clock, log }: Pick<System, "clock" | "log">): ConditionStore {
  const byOwner = new Map<string, ReadonlyMap<string, Raised>>();
  const shown = createLatest<readonly LastingCondition[]>([]);
  const due = createTrigger(clock);

  const refresh = (): boolean => {
    const raised = [...byOwner.values()].flatMap((owned) => [...owned.values()]);
    const codes = new Set(raised.map(({ condition }) => condition.code));
    const nowMs = clock.monotonicMs();
    const visible = raised.filter(({ visibleAtMs, condition: { dependsOn = [] } }) => {
      if (visibleAtMs > nowMs) due.wake("visible", visibleAtMs - nowMs);
      return visibleAtMs <= nowMs && !dependsOn.some((cause) => codes.has(cause));
    });
    for (const one of visible) {
      const { code, severity, title, text } = one.condition;
      if (one.loggedText !== text)
        log[severity === "error" ? "error" : "warn"]("ConditionRaised", text, { condition: code, title });
      one.loggedText = text;
    }
    const list = visible.map(({ condition }) => condition).sort(bySeverityThenCode);
    if (isSame(list, shown.value)) return false;
    shown.set(list);
    return true;
  };

  return {
    shown,
    list: () => shown.value,
    set: (owner, conditions) => {
      const before = byOwner.get(owner) ?? new Map<string, Raised>();
      const after = new Map(
        conditions.map((condition) => [condition.code, raise(condition, before.get(condition.code))]),
      );
      byOwner.set(owner, after);
      const hasChanged = refresh();
      for (const [code, { condition, raisedMs, loggedText }] of before) {
        if (after.has(code) || loggedText === undefined) continue;
        const seconds = Math.round((clock.monotonicMs() - raisedMs) / 1000);
        log.info("ConditionCleared", `No longer so: ${condition.title}`, { condition: code, afterSeconds: seconds });
      }
      return hasChanged;
    },
    run: async (signal) => {
      while (!signal.aborted) {
        await due.next(Number.POSITIVE_INFINITY, signal);
        if (!signal.aborted) refresh();
      }
    },
  };

  function raise(condition: Condition, known: Raised | undefined): Raised {
    const sinceMs = known?.condition.sinceMs ?? clock.now();
    const raisedMs = known?.raisedMs ?? clock.monotonicMs();
    const visibleAtMs = known?.visibleAtMs ?? raisedMs + (condition.visibleAfterMs ?? 0);
    return { condition: { ...condition, sinceMs }, raisedMs, visibleAtMs, loggedText: known?.loggedText };
  }
}

function isSame(a: readonly LastingCondition[], b: readonly LastingCondition[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ code, text, sinceMs }, at) => {
      const other = b[at];
      return other?.code === code && other.text === text && other.sinceMs === sinceMs;
    })
  );
}

function bySeverityThenCode(a: Condition, b: Condition): number {
  if (a.severity !== b.severity) return a.severity === "error" ? -1 : 1;
  return a.code < b.code ? -1 : a.code > b.code ? 1 : 0;
}
