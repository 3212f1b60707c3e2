// The controller from start to end: configuration, approvals, status server, until a signal. It holds no lock: two of them do no harm.

import type { Agent } from "../agent/agent.ts";
import { createConditionStore } from "../agent/condition-store.ts";
import { createLatest } from "../agent/latest.ts";
import { createMetricRecorder } from "../agent/metrics.ts";
import { listenForSignals } from "../agent/signals.ts";
import { onceAll, superviseAll } from "../agent/supervisor.ts";
import { createConfigAgent } from "../config/agent.ts";
import type { LoadedConfig } from "../config/config.ts";
import { createStatusServerAgent } from "../daemon/agent.ts";
import type { DaemonLog } from "../daemon/daemon-log.ts";
import type { DaemonFacts } from "../daemon/status.ts";
import { processId } from "../sys/process/process.ts";
import type { System } from "../sys/system.ts";
import { version } from "../version.ts";
import { createControllerAgent } from "./agent.ts";

export interface ControllerOptions {
  /** Path of the configuration file. */
  readonly config: string | undefined;
  /** Where status is served instead of `monitoring.listen`, which is the daemon's on the same machine. */
  readonly listen: string | undefined;
  readonly log: DaemonLog;
}

const stopMs = 800;

/**
 * Runs the controller until SIGTERM or SIGINT.
 * @throws ConfigError when the first configuration cannot be used, or does not say what may be approved
 */
export async function runController(system: System, { config: path, listen, log }: ControllerOptions): Promise<void> {
  const conditions = createConditionStore(system);
  const metrics = createMetricRecorder();
  const config = createLatest<LoadedConfig | undefined>(undefined);
  const startedAtMs = system.clock.now();
  const startedMs = system.clock.monotonicMs();
  const facts = (): DaemonFacts => ({
    pid: processId,
    startedAtMs,
    uptimeMs: system.clock.monotonicMs() - startedMs,
    nodeName: undefined,
    agents: list,
    conditions: conditions.list(),
  });
  const list: readonly Agent[] = [
    createConfigAgent(system, { conditions, config, flags: { config: path }, configureLog: log.configure }),
    createControllerAgent(system, { conditions, config, record: metrics.record }),
    createStatusServerAgent(system, { conditions, config, metrics, facts, listen, isNode: false }),
  ];
  system.log.info("Started", `HeadCNI ${version}, the controller: process ${processId}`, { version, pid: processId });
  using signals = listenForSignals(system, list, "what is approved stays approved");
  const supervision = { signal: signals.stop, stopMs };
  await onceAll(system, list, supervision);
  if (!signals.stop.aborted)
    await superviseAll(system, [{ name: "conditions", run: conditions.run }, ...list], supervision);
  system.log.info("Stopped", "Stopped", { pid: processId });
}
