// The lower panels of the Grafana dashboard: what each daemon does, and what its process costs.
// Above them are those of the cluster: panels.ts.

import { byNode, of, plot, type Row } from "./panel.ts";

export const daemonRows: readonly Row[] = [
  {
    title: "What the daemons do",
    panels: [
      {
        ...plot,
        title: "Repairs of the kernel's rules",
        description: "After something else had changed them.",
        unit: "short",
        queries: [
          {
            expr: `sum by (node, part) (increase(headcni_dataplane_repairs_total{${of}}[$__rate_interval]))`,
            legend: "{{node}} {{part}}",
          },
        ],
      },
      {
        ...plot,
        title: "Writes of the conflist",
        description: "By what was wrong with it before.",
        unit: "short",
        queries: [
          {
            expr: `sum by (node, reason) (increase(headcni_conflist_writes_total{${of}}[$__rate_interval]))`,
            legend: "{{node}} {{reason}}",
          },
        ],
      },
      {
        ...plot,
        title: "Time of a look at the node",
        description: "With what it led to. 10 ms is usual.",
        unit: "s",
        queries: [
          {
            expr: `histogram_quantile(0.5, sum by (le) (rate(headcni_reconcile_duration_seconds_bucket{${of}}[$__rate_interval])))`,
            legend: "median",
          },
          {
            expr: `histogram_quantile(0.99, sum by (le) (rate(headcni_reconcile_duration_seconds_bucket{${of}}[$__rate_interval])))`,
            legend: "99th percentile",
          },
        ],
      },
      {
        ...plot,
        title: "tailscaled",
        description: "1 while the node is on the tailnet and online.",
        type: "state-timeline",
        unit: "short",
        thresholds: [
          { color: "red", from: null },
          { color: "green", from: 1 },
        ],
        queries: [{ expr: `headcni_tailscale_ready{${of}}`, legend: byNode }],
      },
      {
        ...plot,
        title: "Headscale",
        description: "Approvals, and steps that failed, of the daemons and the controller that have a key.",
        unit: "short",
        queries: [
          { expr: "sum(increase(headcni_headscale_approvals_total[$__rate_interval]))", legend: "approvals" },
          {
            expr: "sum by (failure) (increase(headcni_headscale_failures_total[$__rate_interval]))",
            legend: "failures: {{failure}}",
          },
        ],
      },
      {
        ...plot,
        title: "The tailnet lets nodes in for another",
        description: "Until the node's key expires. Nodes with tags have keys that do not.",
        unit: "s",
        queries: [{ expr: `headcni_tailscale_key_expiry_timestamp_seconds{${of}} - time()`, legend: byNode }],
      },
    ],
  },
  {
    title: "The processes",
    panels: [
      {
        ...plot,
        title: "Memory, file pages left out",
        description: "Of the daemons.",
        unit: "bytes",
        queries: [
          {
            expr: `process_anonymous_memory_bytes{${of}} and on (job, instance) headcni_ready`,
            legend: byNode,
          },
        ],
      },
      {
        ...plot,
        title: "Processor",
        description: "Seconds of one processor in a second.",
        unit: "short",
        queries: [
          {
            expr: `rate(process_cpu_seconds_total{${of}}[$__rate_interval]) and on (job, instance) headcni_ready`,
            legend: byNode,
          },
        ],
      },
      {
        ...plot,
        title: "Versions",
        description: "Daemons of each version.",
        unit: "short",
        isStacked: true,
        queries: [{ expr: "count by (version) (headcni_build_info)", legend: "{{version}}" }],
      },
    ],
  },
];
