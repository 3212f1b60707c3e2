// Metrics as data: what an agent declares, what it counts, and what it says when it is scraped. The library that serves them is
// loaded only once the node's configuration is in place, so counts are kept until then.

export interface MetricKind {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labelNames?: readonly string[];
  /** Of a counter with labels, every set of them: its series are there, at 0, before anything is counted. */
  readonly series?: readonly MetricLabels[];
  /** Upper bounds of a histogram's buckets. */
  readonly buckets?: readonly number[];
}

export type MetricLabels = Readonly<Record<string, string>>;

/** One value of a metric that is a state. */
export interface Sample {
  readonly kind: MetricKind;
  readonly value: number;
  readonly labels?: MetricLabels;
}

/** What agents count with: adds to a counter, or takes an observation into a histogram. */
export type RecordMetric = (kind: MetricKind, value: number, labels?: MetricLabels) => void;

export interface MetricRecorder {
  readonly record: RecordMetric;
  /** From now on everything goes to `receive`, what was recorded before first. */
  open(receive: RecordMetric): void;
}

export function createMetricRecorder(): MetricRecorder {
  const kept: Parameters<RecordMetric>[] = [];
  let target: RecordMetric | undefined;
  return {
    record: (...recorded) => {
      if (target === undefined) kept.push(recorded);
      else target(...recorded);
    },
    open: (receive) => {
      target = receive;
      for (const recorded of kept.splice(0)) receive(...recorded);
    },
  };
}
