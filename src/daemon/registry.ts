// Serves metrics in Prometheus' text form. Loads its library with the module: import it only once the node's configuration is in
// place.

import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { MetricKind, RecordMetric, Sample } from "../agent/metrics.ts";

export interface MetricsPage {
  readonly contentType: string;
  readonly text: string;
}

export interface MetricsRegistry {
  /** Adds to a counter or a histogram. */
  readonly record: RecordMetric;
  /** The page, with these values of everything that is a state. */
  scrape(samples: readonly Sample[]): Promise<MetricsPage>;
}

/** @param kinds every metric, in the order it is served */
export function createMetricsRegistry(kinds: readonly MetricKind[]): MetricsRegistry {
  const registry = new Registry();
  const byName = new Map(kinds.map((kind) => [kind.name, createMetric(kind, registry)]));
  const metricOf = (kind: MetricKind) => {
    const metric = byName.get(kind.name);
    if (metric === undefined) throw new Error(`The metric ${kind.name} is declared by no agent`);
    return metric;
  };
  return {
    record: (kind, value, labels = {}) => metricOf(kind).add(labels, value),
    scrape: async (samples) => {
      for (const { kind } of samples) metricOf(kind).reset();
      for (const { kind, value, labels = {} } of samples) metricOf(kind).add(labels, value);
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

interface Metric {
  add(labels: Readonly<Record<string, string>>, value: number): void;
  reset(): void;
}

function createMetric(
  { name, type, help, labelNames = [], series = [], buckets = [] }: MetricKind,
  registry: Registry,
): Metric {
  const settings = { name, help, labelNames: [...labelNames], registers: [registry] };
  if (type === "histogram") {
    const histogram = new Histogram({ ...settings, buckets: [...buckets] });
    return { add: (labels, value) => histogram.observe(labels, value), reset: () => histogram.reset() };
  }
  // What the kernel or an agent counts itself comes as a sample too: the counter then starts at nothing.
  const metric = type === "counter" ? new Counter(settings) : new Gauge(settings);
  // A rate over a series that begins with its first event does not see that event.
  for (const labels of series) metric.inc(labels, 0);
  return { add: (labels, value) => metric.inc(labels, value), reset: () => metric.reset() };
}
