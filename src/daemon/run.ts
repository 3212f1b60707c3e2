// The daemon from start to end: lock, first pass, then the parts that stay until a signal.

import { createSetting } from "../agent/latest.ts";
import { superviseAll } from "../agent/supervisor.ts";
import { createWakeups, type Wakeups } from "../agent/trigger.ts";
import type { Config } from "../config/config.ts";
import { ownExecutable } from "../sys/fs/executable.ts";
import { execUntil } from "../sys/process/exec.ts";
import { onSignals, processId } from "../sys/process/process.ts";
import type { System } from "../sys/system.ts";
import { type ConditionStore, createConditionStore } from "./condition-store.ts";
import type { DaemonLog } from "./daemon-log.ts";
import { glancing } from "./glance.ts";
import { createHistory } from "./history.ts";
import type { DaemonFlags } from "./inputs.ts";
import { takeInstanceLock } from "./instance-lock.ts";
import { reconcileLoop } from "./loop.ts";
import { createPasses, type Passes } from "./pass.ts";
import type { PassReport } from "./report.ts";
import { readiness } from "./status.ts";
import { sweeping } from "./sweeping.ts";

export interface DaemonOptions extends DaemonFlags {
  /** Make one pass and end. */
  readonly once: boolean;
  /** The log of the system the daemon runs on. */
  readonly log: DaemonLog;
}

/** How a daemon that did not fail ended: `not-ready` only with `once`, when the node could not be made ready. */
export type DaemonEnd = "done" | "not-ready";

/** Each part has this long to stop, so that all of it stays under a second. */
const stopMs = 250;

/**
 * Runs the daemon on `machine` until SIGTERM or SIGINT; with `once`, for one pass.
 * @throws HeadcniError HC_DAEMON_RUNNING when another one has the node; ConfigError when the configuration cannot be used
 */
export async function runDaemon(machine: System, options: DaemonOptions): Promise<DaemonEnd> {
  using _lock = takeInstanceLock(machine, processId);
  const startedAtMs = machine.clock.now();
  const wakeups = createWakeups(machine.clock);
  using signals = listenForSignals(machine, wakeups);
  // A plugin that hangs must not outlive the daemon that asked it.
  const system: System = { ...machine, exec: execUntil(machine.exec, signals.stop) };
  const conditions = createConditionStore(system);
  const passes = createPasses(system, conditions, {
    ...options,
    onConfig: (config) => options.log.configure(config.logging),
    executable: ownExecutable(),
    stop: signals.stop,
  });
  const pass = passes.run(["start"]);
  const first = await Promise.race([pass, signals.stopped]);
  if (first === undefined) {
    // What it asks is killed, so it ends at once; what it has put in force by then it still remembers.
    await Promise.race([pass.catch(() => undefined), machine.clock.sleep(stopMs)]);
    return options.once ? "not-ready" : "done";
  }
  if (!options.once) await stay(system, { startedAtMs, wakeups, conditions, passes, first, stop: signals.stop });
  return readiness({ last: first, conditions: conditions.list() }).length === 0 || !options.once ? "done" : "not-ready";
}

interface Signals extends Disposable {
  readonly stop: AbortSignal;
  readonly stopped: Promise<undefined>;
}

function listenForSignals({ log }: System, wakeups: Wakeups): Signals {
  const stop = new AbortController();
  const stopped = Promise.withResolvers<undefined>();
  const end = new AbortController();
  onSignals(
    ["SIGTERM", "SIGINT"],
    (name) => {
      log.info(`Stopping on ${name}: the CNI configuration stays in force`);
      stop.abort();
      stopped.resolve(undefined);
    },
    end.signal,
  );
  onSignals(["SIGHUP"], (name) => wakeups.wake(name, 0), end.signal);
  return { stop: stop.signal, stopped: stopped.promise, [Symbol.dispose]: () => end.abort() };
}

interface Stay {
  readonly startedAtMs: number;
  readonly wakeups: Wakeups;
  readonly conditions: ConditionStore;
  readonly passes: Passes;
  readonly first: PassReport;
  readonly stop: AbortSignal;
}

/** Everything a daemon is after its first pass. Its libraries are loaded only now: the node has its conflist already. */
async function stay(system: System, { startedAtMs, wakeups, conditions, passes, first, stop }: Stay): Promise<void> {
  const [{ createMetrics }, { statusServer }] = await Promise.all([import("./metrics.ts"), import("./server.ts")]);
  const history = createHistory(system, conditions, { pid: processId, startedAtMs });
  const metrics = createMetrics();
  const listen = createSetting(listenAddress(first.config.config));
  let conflistPath = first.conflist.path;
  const onReport = (report: PassReport): void => {
    history.record(report);
    metrics.record(report);
    listen.set(listenAddress(report.config.config));
    conflistPath = report.conflist.path;
  };
  onReport(first);
  const loop = reconcileLoop(system, { passes, wakeups, conditions, first, onReport });
  const source = { facts: history.facts, stuck: loop.stuck, metrics: () => metrics.scrape(history.facts()) };
  const parts = [
    loop,
    glancing(system, wakeups, () => conflistPath),
    sweeping(system, {
      runtimes: async () => (await import("../runtime/node-runtimes.ts")).nodeRuntimes(system),
      onSwept: metrics.recordSweep,
    }),
    statusServer(system, { conditions, wakeups, source, listen }),
  ];
  await superviseAll(system, parts, { signal: stop, stopMs });
}

function listenAddress({ monitoring }: Config): string | undefined {
  return monitoring.enabled ? monitoring.listen : undefined;
}
