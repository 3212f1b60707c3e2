// How often a resource is put right when something keeps undoing it. The first repairs are immediate; a fight with another
// agent is slowed down, so that it neither burns a processor nor fills a disk with log. Pure.

/** What is remembered of past repairs. Times are monotonic milliseconds. */
export interface RepairPace {
  /** Repairs of the last minute. */
  readonly recentMs: readonly number[];
  /** 0: no fight. Each repair after that doubles the wait. */
  readonly level: number;
}

export const calmPace: RepairPace = { recentMs: [], level: 0 };

const windowMs = 60_000;
/** Repairs within a minute that are taken for accidents. */
const freeRepairs = 20;
const maxLevel = 5;

/** The pace as it is now: a fight is over when nothing had to be put right for a minute. */
export function paceAt(pace: RepairPace, nowMs: number): RepairPace {
  const recentMs = pace.recentMs.filter((at) => nowMs - at < windowMs);
  return recentMs.length === 0 ? calmPace : { recentMs, level: pace.level };
}

/** How long the next repair has to wait from now on; 0 when it may happen at once. */
export function waitBeforeRepairMs({ recentMs, level }: RepairPace, nowMs: number): number {
  const last = recentMs.at(-1);
  return level === 0 || last === undefined ? 0 : Math.max(0, last + pauseMs(level) - nowMs);
}

/** Notes a repair that happened now. */
export function afterRepair(pace: RepairPace, nowMs: number): RepairPace {
  const { recentMs, level } = paceAt(pace, nowMs);
  const recent = [...recentMs, nowMs];
  if (level > 0) return { recentMs: recent, level: Math.min(level + 1, maxLevel) };
  return { recentMs: recent, level: recent.length > freeRepairs ? 1 : 0 };
}

/** 2 s, 4 s, … 32 s. */
function pauseMs(level: number): number {
  return 2 ** level * 1000;
}
