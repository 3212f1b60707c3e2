// What every agent of the daemon is: the owner of one resource, with everything the daemon shows of it. The daemon knows agents by
// this interface alone, so that a new one is a directory and a line in the list.

import type { JsonObject } from "../sys/json.ts";
import type { CleanedUp, CleanUpOptions } from "./cleaned-up.ts";
import type { ConditionTable } from "./conditions.ts";
import type { MetricKind, Sample } from "./metrics.ts";

/** A step that has ended. */
export interface Reconciled {
  /** What made it necessary: `start`, `timer`, a directory that changed, a latest value by name. */
  readonly reasons: readonly string[];
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** How many steps there were, this one included. */
  readonly count: number;
}

/** What an agent says of its resource when it is asked. */
export interface AgentStatus {
  /** The last time it made its resource so; undefined before the first time, and for an agent that does not go by steps. */
  readonly lastReconcile: Reconciled | undefined;
  /** Its own part of /status. */
  readonly document: JsonObject;
  /** Its rows in `headcni status`, in this order: label and text. */
  readonly summary: Readonly<Record<string, string>>;
  /** Metrics that are a state, read for each scrape. */
  readonly samples: readonly Sample[];
  /** Why the node cannot take pods yet although no condition says so. */
  readonly notReady: string | undefined;
}

/**
 * An agent owns one resource of the node, reads the latest values it needs, makes its resource so, publishes what it knows as a
 * latest value and raises its own conditions. Agents never call each other.
 */
export interface Agent {
  readonly name: string;
  /** Every condition it can raise. */
  readonly conditions: ConditionTable;
  /** Every metric it records or has samples of. */
  readonly metrics: readonly MetricKind[];
  /**
   * Makes the one step that needs no waiting: what `--once` is made of, and the start of a daemon. All agents begin theirs at once;
   * a step waits for the latest values it reads.
   * @param earlier resolves when the agents before this one in the list have made their step, or failed
   * @throws ConfigError when the first configuration cannot be used
   */
  once(signal: AbortSignal, earlier: Promise<unknown>): Promise<void>;
  /**
   * Keeps its resource right until `signal` aborts; ends earlier only by a fault.
   * @param earlier resolves when the agents before this one in the list have ended
   */
  run(signal: AbortSignal, earlier: Promise<unknown>): Promise<void>;
  /**
   * Takes out what it, or another daemon before it, put into the kernel or other programs; can be done again.
   * @throws HeadcniError when something could not be taken out
   */
  cleanUp(options: CleanUpOptions): Promise<readonly CleanedUp[]>;
  /** Why it has stopped working; undefined when it has not. */
  stuck(): string | undefined;
  /** Asks it to look at everything now. */
  wake(reason: string): void;
  status(): AgentStatus;
}

/** For an agent that shows less than everything. */
export function agentStatus(parts: Partial<AgentStatus>): AgentStatus {
  return { lastReconcile: undefined, document: {}, summary: {}, samples: [], notReady: undefined, ...parts };
}

/** What an agent is that declares, takes out and is asked nothing; spread it first, a reconciler after it, then what is its own. */
export const plainAgent = {
  conditions: {},
  metrics: [],
  once: async () => undefined,
  cleanUp: async () => [],
  stuck: () => undefined,
  wake: () => undefined,
} satisfies Partial<Agent>;
