// Says the same again and again to the daemon's log, on a clock of its own, and ends. Used by daemon-log.test.ts.

import { defaultConfig } from "../config/defaults.ts";
import { fakeClock } from "../sys/testing.ts";
import { createDaemonLog } from "./daemon-log.ts";

const clock = fakeClock();
{
  using log = createDaemonLog({ clock, format: "json", isBrief: true });
  log.warn("ProgramConfigSkipped", "Cannot read /x");
  log.warn("ProgramConfigSkipped", "Cannot read /x");
  await log.configure(defaultConfig.logging);
  await clock.advance(600_000);
  log.error("ConditionRaised", "It broke", { condition: "Broken" });
  log.info("ConditionCleared", "It works", { condition: "Broken" });
  log.error("ConditionRaised", "It broke", { condition: "Broken" });
  log.info("ConditionCleared", "It works", { condition: "Broken" });
  log.error("ConditionRaised", "It broke", { condition: "Broken" });
}
if (clock.sleeping > 0) throw new Error("a timer goes on");
