// A schedule on a clock that is played.

import { fakeClock } from "../../sys/testing.ts";
import { createSchedule } from "./schedule.ts";

/** Of so many peers, `n0` and up. */
export function scheduleOf(count: number) {
  const clock = fakeClock();
  const schedule = createSchedule({ clock, random: () => 0.5 });
  const targets = new Map(Array.from({ length: count }, (_, at) => [`n${at}`, { text: "a" }]));
  /** Asks whose turn it is for a while; how often each was asked, and the most that were asked at once. */
  const run = async (ms: number, isLive: (id: string) => boolean = () => true) => {
    const asked = new Map<string, number>();
    let most = 0;
    let steps = 0;
    const end = clock.monotonicMs() + ms;
    while (clock.monotonicMs() < end) {
      const ids = schedule.next(targets);
      steps += 1;
      most = Math.max(most, ids.length);
      for (const id of ids) {
        schedule.asked(id, isLive(id));
        asked.set(id, (asked.get(id) ?? 0) + 1);
      }
      await clock.advance(Math.min(schedule.pauseMs(), end - clock.monotonicMs()));
    }
    return { asked, most, steps, total: [...asked.values()].reduce((sum, times) => sum + times, 0) };
  };
  return { clock, schedule, targets, run };
}
