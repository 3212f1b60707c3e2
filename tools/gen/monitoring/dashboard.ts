// chart/dashboards/headcni.json: the rows of panels.ts as Grafana's own model, schema 39 (Grafana 10.4 and later).

import { type JsonObject, type JsonValue, printJson } from "../../../src/sys/json.ts";
import type { Panel, Threshold } from "./panel.ts";
import { rows } from "./panels.ts";

// As its variable says.
const datasource = { type: "prometheus", uid: "$datasource" };
const columns = 24;

export function dashboardFile(): string {
  return printJson({
    title: "HeadCNI",
    description: "Nodes, the ways between them, and what the daemons do.",
    uid: "headcni",
    schemaVersion: 39,
    version: 1,
    editable: true,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    tags: ["headcni", "kubernetes"],
    templating: { list: [{ name: "datasource", type: "datasource", query: "prometheus" }, nodeVariable] },
    panels: laidOut(),
  });
}

/** Series of a scrape that adds no label `node` are shown with "All". */
const nodeVariable: JsonObject = {
  name: "node",
  label: "Node",
  type: "query",
  datasource,
  query: { query: "label_values(headcni_ready, node)", refId: "node" },
  definition: "label_values(headcni_ready, node)",
  refresh: 2,
  sort: 7,
  multi: true,
  includeAll: true,
  allValue: ".*",
  current: { text: "All", value: "$__all" },
};

/** From left to right, from the top down: a panel that does not fit begins a new line. */
function laidOut(): JsonValue[] {
  const panels: JsonValue[] = [];
  let y = 0;
  for (const { title, panels: own } of rows) {
    panels.push({
      id: panels.length + 1,
      title,
      type: "row",
      collapsed: false,
      gridPos: { h: 1, w: columns, x: 0, y },
    });
    y += 1;
    let x = 0;
    let height = 0;
    for (const panel of own) {
      if (x + panel.width > columns) {
        y += height;
        [x, height] = [0, 0];
      }
      panels.push(panelModel(panel, panels.length + 1, { x, y }));
      x += panel.width;
      height = Math.max(height, panel.height);
    }
    y += height;
  }
  return panels;
}

function panelModel(panel: Panel, id: number, at: { readonly x: number; readonly y: number }): JsonObject {
  const { title, description, type, width, height, queries } = panel;
  return {
    id,
    title,
    description,
    type,
    datasource,
    gridPos: { h: height, w: width, ...at },
    fieldConfig: { defaults: fieldDefaults(panel), overrides: [] },
    options: optionsOf(type),
    ...(type === "table" ? { transformations: tableTransformations } : {}),
    targets: queries.map(({ expr, legend }, index) => ({
      datasource,
      expr,
      legendFormat: legend,
      refId: String.fromCharCode("A".charCodeAt(0) + index),
      ...(type === "table" || type === "stat" ? { instant: true, range: false } : {}),
      ...(type === "table" ? { format: "table" } : {}),
    })),
  };
}

/** Without the columns that say the same in each row. */
const tableTransformations: JsonValue[] = [
  { id: "organize", options: { excludeByName: { Time: true, Value: true }, indexByName: {}, renameByName: {} } },
];

function fieldDefaults({ type, unit, max, thresholds, isStacked = false }: Panel): JsonObject {
  const steps = (thresholds ?? []).map(({ color, from }: Threshold): JsonObject => ({ color, value: from }));
  return {
    unit,
    ...(type === "timeseries" ? { min: 0 } : {}),
    ...(max === undefined ? {} : { max }),
    ...(steps.length === 0 ? {} : { color: { mode: "thresholds" }, thresholds: { mode: "absolute", steps } }),
    ...(type === "state-timeline" ? { mappings: onlineWords } : {}),
    custom:
      type === "timeseries"
        ? {
            lineWidth: 1,
            fillOpacity: isStacked ? 30 : 8,
            showPoints: "never",
            stacking: { mode: isStacked ? "normal" : "none", group: "A" },
          }
        : {},
  };
}

const onlineWords: JsonValue[] = [
  { type: "value", options: { "0": { text: "offline", index: 0 }, "1": { text: "online", index: 1 } } },
];

function optionsOf(type: Panel["type"]): JsonObject {
  switch (type) {
    case "stat":
      return {
        reduceOptions: { calcs: ["lastNotNull"], fields: "", values: false },
        colorMode: "value",
        graphMode: "none",
      };
    case "timeseries":
      return {
        legend: { displayMode: "list", placement: "bottom", showLegend: true },
        tooltip: { mode: "multi", sort: "desc" },
      };
    case "state-timeline":
      return { showValue: "never", legend: { displayMode: "list", placement: "bottom", showLegend: true } };
    case "table":
      return { showHeader: true };
  }
}
