// chart/rules/headcni.yaml, which Prometheus reads as it is and the chart makes a PrometheusRule of, and docs/reference/alerts.md.

import * as YAML from "yaml";
import { block, code, page, table } from "../markdown.ts";
import { alerts, recordingRules } from "./alerts.ts";

const note = "# Generated from tools/gen/monitoring/alerts.ts by `make gen`: edit that, not this file.\n";

export function rulesFile(): string {
  const groups = [
    { name: "headcni.slo", rules: recordingRules.map(({ record, expr }) => ({ record, expr })) },
    {
      name: "headcni.alerts",
      rules: alerts.map(({ name, expr, holdsFor, severity, summary, description }) => ({
        alert: name,
        expr,
        ...(holdsFor === "0m" ? {} : { for: holdsFor }),
        labels: { severity },
        annotations: { summary, description },
      })),
    },
  ];
  return `${note}${YAML.stringify({ groups }, { lineWidth: 0 })}`;
}

const intro = `
[Monitoring](../monitoring.md) says how they come into Prometheus. What a node finds out about itself is a [condition](conditions.md), and
\`HeadCNIPodsAffected\` and \`HeadCNICondition\` pass those on; the other alerts are what nodes show together, or what a node that is gone
cannot say. \`critical\`: pods lack network. \`warning\`: look in working hours. \`info\`: worth knowing.`;

export function alertsPage(): string {
  const sections = alerts.map(({ name, severity, expr, holdsFor, description }) => {
    const after = holdsFor === "0m" ? "at once" : `after ${holdsFor}`;
    return `## ${name}\n\n${severity}, ${after}:\n\n${block("promql", expr)}\n\n${description}`;
  });
  const rows = recordingRules.map(({ record, help, expr }) => [code(record), help, code(expr)]);
  return page(
    "Alerts",
    code("tools/gen/monitoring/alerts.ts"),
    intro,
    ...sections,
    "## Recording rules",
    table(["name", "meaning", "of"], rows),
  );
}
