// Every generated file of docs/reference with its text. The same source gives the same bytes.

import { configJsonSchema } from "../../src/config/keys.ts";
import { doctorJsonSchema } from "../../src/doctor/report-schema.ts";
import { printJson } from "../../src/sys/json.ts";
import { chartValuesPage, chartValuesSchema } from "./chart-values.ts";
import { cliPage } from "./cli-page.ts";
import { conditionsPage } from "./conditions-page.ts";
import { configPage } from "./config-page.ts";
import { doctorPage } from "./doctor-page.ts";
import { errorsPage, exitCodesPage } from "./errors-page.ts";
import { logCodesPage } from "./log-codes-page.ts";
import { metricsPage } from "./metrics-page.ts";
import { dashboardFile } from "./monitoring/dashboard.ts";
import { alertsPage, rulesFile } from "./monitoring/rules.ts";
import { nodeNamePage } from "./node-name-page.ts";
import { reasonsPage } from "./reasons-page.ts";
import { sourcesPage } from "./sources-page.ts";

export const referenceFolder = new URL("../../docs/reference", import.meta.url).pathname;

/** File names in the folder, each with its content. */
export function referencePages(): ReadonlyMap<string, string> {
  return new Map([
    ["alerts.md", alertsPage()],
    ["chart-values.md", chartValuesPage()],
    ["cli.md", cliPage()],
    ["conditions.md", conditionsPage()],
    ["config.md", configPage()],
    ["config.schema.json", printJson(configJsonSchema())],
    ["doctor.md", doctorPage()],
    ["doctor.schema.json", printJson(doctorJsonSchema())],
    ["errors.md", errorsPage()],
    ["exit-codes.md", exitCodesPage()],
    ["log-codes.md", logCodesPage()],
    ["metrics.md", metricsPage()],
    ["node-name.md", nodeNamePage()],
    ["podcidr-reasons.md", reasonsPage()],
    ["sources.md", sourcesPage()],
  ]);
}

/** Generated files elsewhere, by path in the checkout. */
export function otherGeneratedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ["chart/values.schema.json", printJson(chartValuesSchema())],
    ["chart/dashboards/headcni.json", dashboardFile()],
    ["chart/rules/headcni.yaml", rulesFile()],
  ]);
}
