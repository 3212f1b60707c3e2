// Puts one part of the kernel's state after the other in place and remembers what it put there: to write the same again is a repair,
// which is counted, logged, and slowed down when something keeps undoing it.

import { type Condition, type Failure, failureOf } from "../agent/conditions.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { afterRepair, calmPace, paceAt, type RepairPace, waitBeforeRepairMs } from "../agent/repair-pace.ts";
import type { System } from "../sys/system.ts";
import { condition } from "./conditions.ts";
import { dataplaneMetrics, type HeldPart, heldParts } from "./metrics.ts";

export interface Holding {
  readonly part: HeldPart;
  /** The same text for the same wanted state. */
  readonly key: string;
  /** Makes it so. @returns whether something had to be changed */
  readonly act: () => Promise<boolean>;
  /** What is wrong when that fails. */
  readonly failed: (failure: Failure) => readonly Condition[];
}

export interface Holder {
  /** @returns the conditions that hold of this part now */
  hold(holding: Holding): Promise<readonly Condition[]>;
  /** How long a repair has to wait now; 0 while nothing fights for a part. */
  waitMs(): number;
}

interface Memory {
  readonly key: string | undefined;
  readonly pace: RepairPace;
}

export function createHolder({ clock, log }: Pick<System, "clock" | "log">, record: RecordMetric): Holder {
  const memories = new Map<HeldPart, Memory>();
  const recall = (part: HeldPart): Memory => memories.get(part) ?? { key: undefined, pace: calmPace };

  const noteChange = (part: HeldPart, { isRepair, pace }: { isRepair: boolean; pace: RepairPace }): RepairPace => {
    if (!isRepair) {
      log.info(part === "bridge" ? "BridgeChanged" : "DataplaneChanged", `Changed ${heldParts[part]}`, { part });
      return pace;
    }
    log.warn("DataplaneRepaired", `Put ${heldParts[part]} right: something else had changed it`, { part });
    record(dataplaneMetrics.repairs, 1, { part });
    return afterRepair(pace, clock.monotonicMs());
  };

  return {
    hold: async ({ part, key, act, failed }) => {
      const nowMs = clock.monotonicMs();
      const known = recall(part);
      const pace = paceAt(known.pace, nowMs);
      const isRepair = known.key === key;
      if (isRepair && waitBeforeRepairMs(pace, nowMs) > 0) return contested(part, pace);
      try {
        const hasChanged = await act();
        const next = hasChanged ? noteChange(part, { isRepair, pace }) : pace;
        memories.set(part, { key, pace: next });
        return contested(part, next);
      } catch (error) {
        memories.set(part, { key: undefined, pace });
        return failed(failureOf(error));
      }
    },
    waitMs: () => {
      const nowMs = clock.monotonicMs();
      return Math.max(0, ...[...memories.values()].map(({ pace }) => waitBeforeRepairMs(paceAt(pace, nowMs), nowMs)));
    },
  };
}

function contested(part: HeldPart, { level, recentMs }: RepairPace): readonly Condition[] {
  if (level === 0) return [];
  const what = heldParts[part];
  return [
    condition("RulesContested", { what: what.charAt(0).toUpperCase() + what.slice(1), repairs: recentMs.length }),
  ];
}
