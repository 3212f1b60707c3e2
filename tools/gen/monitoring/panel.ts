// What a panel of the Grafana dashboard is, and what many of them share.
// A query is in PromQL; `$node` and `$__rate_interval` are what Grafana puts in.

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type: "stat" | "timeseries" | "table" | "state-timeline";
  /** Of 24. */
  readonly width: number;
  readonly height: number;
  readonly unit: string;
  readonly queries: readonly Query[];
  readonly max?: number;
  /** Values from which a colour holds; the first one is of what is less. */
  readonly thresholds?: readonly Threshold[];
  readonly isStacked?: boolean;
}

export interface Threshold {
  readonly color: "green" | "yellow" | "red";
  readonly from: number | null;
}

export interface Query {
  readonly expr: string;
  readonly legend: string;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** What the variable of the dashboard chose. */
export const of = 'node=~"$node"';
export const byNode = "{{node}}";
export const plot = { type: "timeseries", width: 12, height: 8 } as const;
export const stat = { type: "stat", width: 4, height: 4 } as const;

export const fullIsGood: readonly Threshold[] = [
  { color: "red", from: null },
  { color: "yellow", from: 0.9 },
  { color: "green", from: 1 },
];
export const noneIsGood = (worse: Threshold["color"]): readonly Threshold[] => [
  { color: "green", from: null },
  { color: worse, from: 1 },
];
