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
  const gauges = kinds.filter(({ type }) => type === "gauge");
  const byName = new Map(kinds.map((kind) => [kind.name, createMetric(kind, registry)]));
  const metricOf = (kind: MetricKind) => {
    const metric = byName.get(kind.name);
    if (metric === undefined) throw new Error(`The metric ${kind.name} is declared by no agent`);
    return metric;
  };
  return {
    record: (kind, value, labels = {}) => metricOf(kind).add(labels, value),
    scrape: async (samples) => {
      // What was a state at the last scrape and is none now is missing, not as it was.
      for (const kind of new Set([...gauges, ...samples.map(({ kind }) => kind)])) metricOf(kind).reset();
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
  if (type === "gauge") {
    const gauge = new Gauge(settings);
    const reset = (): void => {
      gauge.reset();
      // The library gives one without labels the value 0, which says of an instant that it is 1970.
      if (labelNames.length === 0) gauge.remove();
      for (const labels of series) gauge.set(labels, 0);
    };
    reset();
    return { add: (labels, value) => gauge.inc(labels, value), reset };
  }
  // What the kernel or an agent counts itself comes as a sample too: the counter then starts at nothing.
  const metric = new Counter(settings);
  // A rate over a series that begins with its first event does not see that event.
  for (const labels of series) metric.inc(labels, 0);
  return { add: (labels, value) => metric.inc(labels, value), reset: () => metric.reset() };
}
