// Metrics in Prometheus' text form. Their names and labels are an interface. Loads its library with the module: import it only
// once the node's configuration is in place.

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { processUsage } from "../sys/process.ts";
import { commit, version } from "../version.ts";
import { conditionCodes } from "./conditions.ts";
import type { PassReport } from "./report.ts";
import { type DaemonFacts, podCount, readiness } from "./status.ts";

/** Upper bounds of the pass duration's buckets, seconds. A pass that changes nothing takes about 10 ms. */
const passBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface Metrics {
  /** Takes note of a pass that has ended. */
  record(report: PassReport): void;
  scrape(facts: DaemonFacts): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const writes = new Counter({
    name: "headcni_conflist_writes_total",
    help: "Times the conflist was written, by what was wrong with it before",
    labelNames: ["reason"],
    registers,
  });
  const movedAside = new Counter({
    name: "headcni_configs_moved_aside_total",
    help: "Configurations of other CNIs moved aside",
    registers,
  });
  const duration = new Histogram({
    name: "headcni_reconcile_duration_seconds",
    help: "How long one look at the node, with what it led to, took",
    buckets: passBuckets,
    registers,
  });
  const update = createGauges(registry);
  return {
    record: (report) => {
      if (report.conflist.written !== undefined) writes.inc({ reason: report.conflist.written });
      movedAside.inc(report.conflist.movedAside.length);
      duration.observe(report.durationMs / 1000);
    },
    scrape: async (facts) => {
      update(facts);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

/** Everything that is a state, not a count: set afresh for each scrape. */
function createGauges(registry: Registry): (facts: DaemonFacts) => void {
  const gauge = (name: string, help: string, labelNames: string[] = []): Gauge =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  gauge("headcni_build_info", "Always 1; the labels say what runs", ["version", "commit"]).set({ version, commit }, 1);
  const podCIDRInfo = gauge("headcni_podcidr_info", "Always 1; the PodCIDR in force and who said it", [
    "source",
    "cidr",
  ]);
  const conditions = gauge("headcni_condition", "1 while the condition holds", ["code"]);
  const ready = gauge("headcni_ready", "1 when the node can take pods");
  const pods = gauge("headcni_pods", "Pods on this node: devices on the bridge or leases, whichever is more");
  const leases = gauge("headcni_host_local_leases", "Pods with an address from host-local since the machine started");
  const updateProcess = createProcessGauges(gauge);
  return (facts) => {
    const { last } = facts;
    podCIDRInfo.reset();
    for (const cidr of last?.inForce.podCIDRs ?? []) {
      podCIDRInfo.set({ source: last?.inForce.source ?? "held", cidr: cidr.toString() }, 1);
    }
    for (const code of conditionCodes) {
      conditions.set({ code }, facts.conditions.some((held) => held.code === code) ? 1 : 0);
    }
    ready.set(readiness(facts).length === 0 ? 1 : 0);
    pods.set(last === undefined ? 0 : podCount(last.pods));
    leases.set(last?.pods.leases ?? 0);
    updateProcess(facts);
  };
}

/**
 * The process metrics everybody graphs, by their usual names. The library's own set is not used: its event-loop sampler alone
 * costs four times the processor time of the whole idle daemon.
 */
function createProcessGauges(gauge: (name: string, help: string) => Gauge): (facts: DaemonFacts) => void {
  const start = gauge("process_start_time_seconds", "When the daemon started, Unix time");
  const cpu = gauge("process_cpu_seconds_total", "Processor time used, user and system");
  const resident = gauge("process_resident_memory_bytes", "Memory in use, file pages included");
  const anonymous = gauge("process_anonymous_memory_bytes", "Memory in use, file pages left out");
  const files = gauge("process_open_fds", "Open file descriptors");
  return ({ startedAtMs }) => {
    const usage = processUsage();
    start.set(startedAtMs / 1000);
    cpu.set(usage.cpuSeconds);
    resident.set(usage.residentBytes);
    anonymous.set(usage.anonymousBytes);
    files.set(usage.openFiles);
  };
}
