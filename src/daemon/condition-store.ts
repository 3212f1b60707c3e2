// Which conditions hold now and since when. Each part of the daemon sets its own; the log hears of every change, once.

import type { System } from "../sys/system.ts";
import type { Condition, ConditionCode } from "./conditions.ts";

/** A condition that holds, with the time it was first seen. */
export interface LastingCondition extends Condition {
  /** Milliseconds since the epoch. */
  readonly sinceMs: number;
}

export interface ConditionStore {
  /** Errors first, then by code: the order they are shown in. */
  list(): readonly LastingCondition[];
  /** Says all that holds of one part's conditions: what it no longer names is over. True when anything changed. */
  set(owner: string, conditions: readonly Condition[]): boolean;
}

/** An empty store that writes to `log` when a condition begins, says something else, or is over. */
export function createConditionStore({ clock, log }: Pick<System, "clock" | "log">): ConditionStore {
  const byOwner = new Map<string, Map<ConditionCode, LastingCondition>>();
  const tell = ({ code, severity, title, text }: Condition): void =>
    log[severity === "error" ? "error" : "warn"](text, { condition: code, title });
  return {
    list: () => [...byOwner.values()].flatMap((owned) => [...owned.values()]).sort(bySeverityThenCode),
    set: (owner, conditions) => {
      const before = byOwner.get(owner) ?? new Map<ConditionCode, LastingCondition>();
      const after = new Map<ConditionCode, LastingCondition>();
      let hasChanged = false;
      for (const condition of conditions) {
        const known = before.get(condition.code);
        after.set(condition.code, { ...condition, sinceMs: known?.sinceMs ?? clock.now() });
        if (known?.text === condition.text) continue;
        hasChanged = true;
        tell(condition);
      }
      for (const [code, { title, sinceMs }] of before) {
        if (after.has(code)) continue;
        hasChanged = true;
        const seconds = Math.round((clock.now() - sinceMs) / 1000);
        log.info(`No longer so: ${title}`, { condition: code, afterSeconds: seconds });
      }
      byOwner.set(owner, after);
      return hasChanged;
    },
  };
}

function bySeverityThenCode(a: Condition, b: Condition): number {
  if (a.severity !== b.severity) return a.severity === "error" ? -1 : 1;
  return a.code < b.code ? -1 : a.code > b.code ? 1 : 0;
}
