// The answer of GET /status, which `headcni status` shows too: one documented, stable shape for server, client and tests. Pure.

import type { Agent, Reconciled } from "../agent/agent.ts";
import type { LastingCondition } from "../agent/condition-store.ts";
import type { JsonObject } from "../sys/json.ts";
import { commit, version } from "../version.ts";

/** Where a running daemon says it listens. */
export const statusAddressFile = "/run/headcni/status-address";

/** Times are RFC 3339 in UTC; what is not known yet is null. */
export type StatusDocument = {
  readonly version: string;
  readonly commit: string;
  readonly pid: number;
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  readonly ready: boolean;
  /** Why not: one sentence each. */
  readonly notReady: readonly string[];
  readonly nodeName: string | null;
  /** By name, in the order they are shown. */
  readonly agents: Readonly<Record<string, AgentDocument>>;
  readonly conditions: readonly ConditionDocument[];
};

export type AgentDocument = {
  readonly lastReconcile: ReconcileDocument | null;
  /** The agent's rows in `headcni status`: label and text. */
  readonly summary: Readonly<Record<string, string>>;
  /** What the agent knows of its resource: its own shape. */
  readonly status: JsonObject;
};

export type ReconcileDocument = {
  readonly at: string;
  readonly seconds: number;
  readonly reasons: readonly string[];
  readonly count: number;
};

export type ConditionDocument = {
  readonly code: string;
  readonly severity: string;
  readonly title: string;
  readonly text: string;
  readonly since: string;
  readonly impactsConnectivity: boolean;
};

/** All that is known when a request comes. */
export interface DaemonFacts {
  readonly pid: number;
  readonly startedAtMs: number;
  /** How long it has run, by a clock that nobody sets. */
  readonly uptimeMs: number;
  readonly nodeName: string | undefined;
  readonly agents: readonly Agent[];
  readonly conditions: readonly LastingCondition[];
}

/** Whether the node can take pods, and if not, why: one sentence each. */
export function readiness({ agents, conditions }: Pick<DaemonFacts, "agents" | "conditions">): readonly string[] {
  const errors = conditions.filter(({ severity }) => severity === "error").map(({ code, text }) => `${code}: ${text}`);
  return errors.length > 0 ? errors : agents.flatMap((agent) => agent.status().notReady ?? []);
}

export function statusDocument(facts: DaemonFacts): StatusDocument {
  const notReady = readiness(facts);
  return {
    version,
    commit,
    pid: facts.pid,
    startedAt: time(facts.startedAtMs),
    uptimeSeconds: Math.round(facts.uptimeMs / 1000),
    ready: notReady.length === 0,
    notReady,
    nodeName: facts.nodeName ?? null,
    agents: Object.fromEntries(facts.agents.map((agent) => [agent.name, agentDocument(agent)])),
    conditions: facts.conditions.map(conditionDocument),
  };
}

function agentDocument(agent: Agent): AgentDocument {
  const { lastReconcile, summary, document } = agent.status();
  return {
    lastReconcile: lastReconcile === undefined ? null : reconcileDocument(lastReconcile),
    summary,
    status: document,
  };
}

function reconcileDocument({ startedAtMs, durationMs, reasons, count }: Reconciled): ReconcileDocument {
  return { at: time(startedAtMs), seconds: Math.round(durationMs) / 1000, reasons, count };
}

function conditionDocument({ code, severity, title, text, sinceMs, impactsConnectivity }: LastingCondition) {
  return { code, severity, title, text, since: time(sinceMs), impactsConnectivity };
}

function time(ms: number): string {
  return new Date(ms).toISOString();
}
