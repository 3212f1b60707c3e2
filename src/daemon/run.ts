// The daemon from start to end: lock, one step of each agent, then the agents that stay until a signal.

import { listenForSignals, wakeAll } from "../agent/signals.ts";
import { onceAll, superviseAll } from "../agent/supervisor.ts";
import type { DaemonFlags } from "../config/agent.ts";
import { ownExecutable } from "../sys/fs/executable.ts";
import { createCollector, spareCompiledCode } from "../sys/process/collector.ts";
import { processId } from "../sys/process/process.ts";
import type { System } from "../sys/system.ts";
import { version } from "../version.ts";
import { createAgents } from "./agents.ts";
import { claimNode } from "./claim.ts";
import type { DaemonLog } from "./daemon-log.ts";
import { takeInstanceLock } from "./instance-lock.ts";
import { readiness } from "./status.ts";

export interface DaemonOptions extends DaemonFlags {
  /** Make one step and end. */
  readonly once: boolean;
  /** The log of the system the daemon runs on. */
  readonly log: DaemonLog;
}

/** How a daemon that did not fail ended: `not-ready` only with `once`, when the node could not be made ready. */
export type DaemonEnd = "done" | "not-ready";

/** The agents have this long to stop, so that the daemon ends within a second. */
const stopMs = 800;

/**
 * Runs the daemon until SIGTERM or SIGINT; with `once`, for one step of each agent.
 * @throws HeadcniError HC_DAEMON_RUNNING when another one has the node, or gets it later; ConfigError when the configuration cannot be used
 */
export async function runDaemon(system: System, { once, log, ...flags }: DaemonOptions): Promise<DaemonEnd> {
  spareCompiledCode();
  system.log.info("Started", `HeadCNI ${version}: process ${processId}`, { version, pid: processId });
  using claim = claimNode(system, "Cannot start");
  using lock = takeInstanceLock(system, { pid: processId, isGuarded: claim.isHeld });
  const collect = createCollector();
  const { list, conditions, facts } = createAgents(system, {
    flags,
    configureLog: log.configure,
    executable: ownExecutable(),
    process: { pid: processId, startedAtMs: system.clock.now() },
    everySecond: () => {
      collect();
      // What else lay beside the lock is gone with it.
      if (lock.keep()) wakeAll(list, "lock");
    },
  });
  using signals = listenForSignals(system, list, "the CNI configuration stays in force");
  const supervision = { signal: signals.stop, stopMs };
  await onceAll(system, list, supervision);
  const isStopped = signals.stop.aborted;
  if (!once && !isStopped)
    await superviseAll(system, [{ name: "conditions", run: conditions.run }, ...list], supervision);
  if (signals.stop.aborted) system.log.info("Stopped", "Stopped", { pid: processId });
  return once && (isStopped || readiness(facts()).length > 0) ? "not-ready" : "done";
}
