// SIGTERM and SIGINT end a process of agents, SIGHUP has all of them look again.

import { onSignals } from "../sys/process/process.ts";
import type { System } from "../sys/system.ts";
import type { Agent } from "./agent.ts";

export interface StopSignals extends Disposable {
  /** Aborts when the process is to end. */
  readonly stop: AbortSignal;
}

/** @param farewell what the log says after `Stopping on SIGTERM: ` */
export function listenForSignals({ log }: System, agents: readonly Agent[], farewell: string): StopSignals {
  const stop = new AbortController();
  const end = new AbortController();
  onSignals(
    ["SIGTERM", "SIGINT"],
    (name) => {
      log.info("Stopping", `Stopping on ${name}: ${farewell}`);
      stop.abort();
    },
    end.signal,
  );
  onSignals(["SIGHUP"], (name) => wakeAll(agents, name), end.signal);
  return { stop: stop.signal, [Symbol.dispose]: () => end.abort() };
}

export function wakeAll(agents: readonly Agent[], reason: string): void {
  for (const agent of agents) agent.wake(reason);
}
