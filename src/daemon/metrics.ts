// Metrics in Prometheus' text form. Their names and labels are an interface. Loads its library with the module: import it only
// once the node's configuration is in place.

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { NodeSweepReport } from "../ipam/node-sweep.ts";
import { processUsage } from "../sys/process/process.ts";
import { commit, version } from "../version.ts";
import { conditionCodes } from "./conditions.ts";
import type { PassReport } from "./report.ts";
import { type DaemonFacts, podCount, readiness } from "./status.ts";

export interface MetricKind {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labelNames?: readonly string[];
}

/** Every metric, in the order it is served. `docs/reference/metrics.md` is generated from this table. */
export const metricTable = {
  conflistWrites: {
    name: "headcni_conflist_writes_total",
    type: "counter",
    help: "Times the conflist was written, by what was wrong with it before",
    labelNames: ["reason"],
  },
  movedAside: {
    name: "headcni_configs_moved_aside_total",
    type: "counter",
    help: "Configurations of other CNIs moved aside",
  },
  freedLeases: {
    name: "headcni_leases_freed_total",
    type: "counter",
    help: "Addresses freed because the container runtime does not know their container",
  },
  reconcileDuration: {
    name: "headcni_reconcile_duration_seconds",
    type: "histogram",
    help: "How long one look at the node, with what it led to, took",
  },
  buildInfo: {
    name: "headcni_build_info",
    type: "gauge",
    help: "Always 1; the labels say what runs",
    labelNames: ["version", "commit"],
  },
  podCIDRInfo: {
    name: "headcni_podcidr_info",
    type: "gauge",
    help: "Always 1; the PodCIDR in force and who said it",
    labelNames: ["source", "cidr"],
  },
  conditions: {
    name: "headcni_condition",
    type: "gauge",
    help: "1 while the condition holds",
    labelNames: ["code"],
  },
  ready: { name: "headcni_ready", type: "gauge", help: "1 when the node can take pods" },
  pods: {
    name: "headcni_pods",
    type: "gauge",
    help: "Pods on this node: devices on the bridge or leases, whichever is more",
  },
  leases: {
    name: "headcni_host_local_leases",
    type: "gauge",
    help: "Pods with an address from host-local since the machine started",
  },
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

/** Upper bounds of the pass duration's buckets, seconds. A pass that changes nothing takes about 10 ms. */
const passBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface Metrics {
  /** Takes note of a pass that has ended. */
  record(report: PassReport): void;
  /** Takes note of a sweep of leases. */
  recordSweep(report: NodeSweepReport): void;
  scrape(facts: DaemonFacts): Promise<{ readonly contentType: string; readonly text: string }>;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const registers = [registry];
  const writes = new Counter({ ...settings(metricTable.conflistWrites), registers });
  const movedAside = new Counter({ ...settings(metricTable.movedAside), registers });
  const freedLeases = new Counter({ ...settings(metricTable.freedLeases), registers });
  const duration = new Histogram({ ...settings(metricTable.reconcileDuration), buckets: passBuckets, registers });
  const update = createGauges(registry);
  return {
    record: (report) => {
      if (report.conflist.written !== undefined) writes.inc({ reason: report.conflist.written });
      movedAside.inc(report.conflist.movedAside.length);
      duration.observe(report.durationMs / 1000);
    },
    recordSweep: ({ free }) => freedLeases.inc(free.length),
    scrape: async (facts) => {
      update(facts);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

/** What the library takes of an entry of the table. */
function settings({ name, help, labelNames = [] }: MetricKind): { name: string; help: string; labelNames: string[] } {
  return { name, help, labelNames: [...labelNames] };
}

/** Everything that is a state, not a count: set afresh for each scrape. */
function createGauges(registry: Registry): (facts: DaemonFacts) => void {
  const gauge = (kind: MetricKind): Gauge => new Gauge({ ...settings(kind), registers: [registry] });
  gauge(metricTable.buildInfo).set({ version, commit }, 1);
  const podCIDRInfo = gauge(metricTable.podCIDRInfo);
  const conditions = gauge(metricTable.conditions);
  const ready = gauge(metricTable.ready);
  const pods = gauge(metricTable.pods);
  const leases = gauge(metricTable.leases);
  const cpu = new Counter({ ...settings(metricTable.processCpu), registers: [registry] });
  const updateProcess = createProcessGauges(gauge, cpu);
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

function createProcessGauges(gauge: (kind: MetricKind) => Gauge, cpu: Counter): (facts: DaemonFacts) => void {
  const start = gauge(metricTable.processStart);
  const resident = gauge(metricTable.processResident);
  const anonymous = gauge(metricTable.processAnonymous);
  const files = gauge(metricTable.processFiles);
  return ({ startedAtMs }) => {
    const usage = processUsage();
    start.set(startedAtMs / 1000);
    // The kernel counts; the registry only takes what to add.
    cpu.reset();
    cpu.inc(usage.cpuSeconds);
    resident.set(usage.residentBytes);
    anonymous.set(usage.anonymousBytes);
    files.set(usage.openFiles);
  };
}
