// Which peers are asked when: one that is new or has changed at once, one that is silent again and again with growing pauses, the
// others in turn. A large mesh is asked a few peers at a time, since each connect wakes a tunnel that may sleep. Pure but for the
// clock and the jitter that are handed in.

import { backoffMs } from "../../sys/backoff.ts";
import type { System } from "../../sys/system.ts";

/** How often a peer that answers is asked, in a mesh of up to `perMinute`; in a larger one they take turns. */
const everyMs = 60_000;
const perMinute = 32;
/** Pauses after silence, longer in a large mesh: a route that was only just approved is proven soon. */
const retry = { firstMs: 1000, maxMs: 20_000 };
/** Peers in one step, and the pause until the next. */
const perStep = 8;
const betweenStepsMs = 500;
/** In a large mesh, turns that are this near to each other are taken in one step: each step has all readers look at all peers. */
const gatherMs = 15_000;

interface Turn {
  /** What was asked, as text: another target is asked at once. */
  readonly text: string;
  readonly failures: number;
  readonly dueMs: number;
}

export interface Schedule {
  /** Takes who can be asked now, by id. @returns the ids whose turn it is, the one that waits longest first */
  next(targets: ReadonlyMap<string, Pick<Turn, "text">>): readonly string[];
  /** Notes that a peer was asked. */
  asked(id: string, isLive: boolean): void;
  /** Makes it everybody's turn. */
  restart(): void;
  /** How long until the next turn; infinite when there is none. */
  pauseMs(): number;
}

export function createSchedule({ clock, random }: Pick<System, "clock" | "random">): Schedule {
  let turns = new Map<string, Turn>();
  return {
    next: (targets) => {
      const nowMs = clock.monotonicMs();
      const entries = [...targets].map(([id, { text }]): [string, Turn] => {
        const known = turns.get(id);
        return [id, known?.text === text ? known : { text, failures: 0, dueMs: nowMs }];
      });
      turns = new Map(entries);
      const due = entries.filter(([, { dueMs }]) => dueMs <= nowMs).toSorted(([, a], [, b]) => a.dueMs - b.dueMs);
      return due.slice(0, perStep).map(([id]) => id);
    },
    asked: (id, isLive) => {
      const turn = turns.get(id);
      if (turn === undefined) return;
      const failures = isLive ? 0 : turn.failures + 1;
      const rounds = Math.max(1, turns.size / perMinute);
      const maxMs = retry.maxMs * rounds;
      const pauseMs = isLive
        ? everyMs * rounds * (0.9 + random() / 5)
        : backoffMs(failures, { ...retry, maxMs }, random);
      const dueMs = clock.monotonicMs() + pauseMs;
      turns.set(id, { ...turn, failures, dueMs: rounds === 1 ? dueMs : Math.ceil(dueMs / gatherMs) * gatherMs });
    },
    restart: () => {
      turns = new Map();
    },
    pauseMs: () => {
      const earliestMs = Math.min(...[...turns.values()].map(({ dueMs }) => dueMs));
      return Math.max(betweenStepsMs, earliestMs - clock.monotonicMs());
    },
  };
}
