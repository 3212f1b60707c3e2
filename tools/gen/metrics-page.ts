// docs/reference/metrics.md.

import { declaredMetrics } from "../../src/daemon/metrics.ts";
import { agents } from "./agents.ts";
import { code, page, table } from "./markdown.ts";

export function metricsPage(): string {
  const rows = declaredMetrics(agents).map(({ name, type, help, labelNames = [] }) => {
    return [code(name), type, labelNames.map(code).join(", "), help];
  });
  return page(
    "Metrics",
    `the agents' and the daemon's ${code("metrics.ts")}`,
    "Served by the daemon in Prometheus' text format on `/metrics` of [`monitoring.listen`](config.md#monitoringlisten). The values of `code` are those of the [conditions](conditions.md). A counter is there, at 0, before anything is counted; a gauge only while there is something to tell.",
    table(["name", "type", "labels", "meaning"], rows),
  );
}
