// The daemon's own metrics: what runs, what holds, and what the process costs. Names and labels are an interface.

import type { Agent } from "../agent/agent.ts";
import type { MetricKind, Sample } from "../agent/metrics.ts";
import { processUsage } from "../sys/process/process.ts";
import { commit, version } from "../version.ts";
import { type DaemonFacts, readiness } from "./status.ts";

export const daemonMetrics = {
  buildInfo: {
    name: "headcni_build_info",
    type: "gauge",
    help: "Always 1; the labels say what runs",
    labelNames: ["version", "commit"],
  },
  conditions: {
    name: "headcni_condition",
    type: "gauge",
    help: "1 while the condition holds; whether pods lack network because of it",
    labelNames: ["code", "severity", "affects_pods"],
  },
  ready: { name: "headcni_ready", type: "gauge", help: "1 when the node can take pods" },
  // The process metrics everybody graphs, by their usual names. The library's own set is not used: its event-loop sampler
  // alone costs four times the processor time of the whole idle daemon.
  processStart: { name: "process_start_time_seconds", type: "gauge", help: "When the daemon started, Unix time" },
  processCpu: { name: "process_cpu_seconds_total", type: "counter", help: "Processor time used, user and system" },
  processResident: {
    name: "process_resident_memory_bytes",
    type: "gauge",
    help: "Memory in use, file pages included",
  },
  processAnonymous: {
    name: "process_anonymous_memory_bytes",
    type: "gauge",
    help: "Memory in use, file pages left out",
  },
  processFiles: { name: "process_open_fds", type: "gauge", help: "Open file descriptors" },
} as const satisfies Readonly<Record<string, MetricKind>>;

/** Every metric, in the order it is served. */
export function declaredMetrics(agents: readonly Agent[]): readonly MetricKind[] {
  return [...agents.flatMap((agent) => agent.metrics), ...Object.values(daemonMetrics)];
}

/** Everything that is a state, the agents' included. */
export function samplesOf(facts: DaemonFacts): readonly Sample[] {
  const { agents, conditions, startedAtMs } = facts;
  const usage = processUsage();
  const declared = agents.flatMap((agent) => Object.entries(agent.conditions));
  return [
    ...agents.flatMap((agent) => agent.status().samples),
    { kind: daemonMetrics.buildInfo, value: 1, labels: { version, commit } },
    ...declared.map(([code, { severity, impactsConnectivity }]) => ({
      kind: daemonMetrics.conditions,
      value: conditions.some((shown) => shown.code === code) ? 1 : 0,
      labels: { code, severity, affects_pods: String(impactsConnectivity) },
    })),
    { kind: daemonMetrics.ready, value: readiness(facts).length === 0 ? 1 : 0 },
    { kind: daemonMetrics.processStart, value: startedAtMs / 1000 },
    { kind: daemonMetrics.processCpu, value: usage.cpuSeconds },
    { kind: daemonMetrics.processResident, value: usage.residentBytes },
    { kind: daemonMetrics.processAnonymous, value: usage.anonymousBytes },
    { kind: daemonMetrics.processFiles, value: usage.openFiles },
  ];
}
