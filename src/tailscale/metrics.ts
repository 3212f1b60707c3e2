// What is counted of tailscaled. Names are an interface.

import type { MetricKind } from "../agent/metrics.ts";

export const tailscaleMetrics = {
  info: {
    name: "headcni_tailscale_info",
    type: "gauge",
    help: "Always 1 while tailscaled answers; the version it runs",
    labelNames: ["version"],
  },
  ready: { name: "headcni_tailscale_ready", type: "gauge", help: "1 when this node is on the tailnet and online" },
  keyExpiry: {
    name: "headcni_tailscale_key_expiry_timestamp_seconds",
    type: "gauge",
    help: "When this node's key expires and the tailnet lets it in no more, Unix time; missing where it never does",
  },
  peers: {
    name: "headcni_tailscale_peers",
    type: "gauge",
    help: "Other nodes of the tailnet, by whether the control server counts them as online",
    labelNames: ["online"],
  },
  busReconnects: {
    name: "headcni_tailscale_bus_reconnects_total",
    type: "counter",
    help: "Times tailscaled's notifications ended and were asked for again",
  },
  prefsEdits: {
    name: "headcni_tailscale_prefs_edits_total",
    type: "counter",
    help: "Times prefs of tailscaled were changed",
  },
  heals: {
    name: "headcni_tailscale_heals_total",
    type: "counter",
    help: "Times tailscaled was had to write anew what something had removed, or to ask the control server anew",
    labelNames: ["part"],
    series: [{ part: "chains" }, { part: "routes" }],
  },
  logins: { name: "headcni_tailscale_logins_total", type: "counter", help: "Times tailscaled was told to log in" },
} as const satisfies Readonly<Record<string, MetricKind>>;
