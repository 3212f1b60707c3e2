// Says in the log which routes this node offers to the tailnet from now on, and which no longer.

import type { Log } from "../../sys/log/log.ts";

/** @param after what the prefs say after a change; undefined when they were left as they were */
export function announceRoutes(log: Log, before: readonly string[], after: readonly string[] | undefined): void {
  if (after === undefined) return;
  const added = after.filter((route) => !before.includes(route));
  const gone = before.filter((route) => !after.includes(route));
  if (gone.length > 0) log.info("RouteWithdrawn", `Offering ${gone.join(", ")} no longer`, { routes: gone });
  if (added.length > 0) log.info("RouteAdvertised", `Offering ${added.join(", ")} to the tailnet`, { routes: added });
}
