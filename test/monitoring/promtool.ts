// Prometheus' own checks: promtool on metrics, on rules, and rules on series made of pages that daemons serve.

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { findPromtool } from "../harness/tailnet/programs.ts";

interface Answer {
  readonly exitCode: number;
  readonly said: string;
}

/** What is wrong with names, types and help texts of a page of /metrics; empty when nothing is. */
export async function checkMetrics(page: string): Promise<Answer> {
  return await run(["check", "metrics"], {}, page);
}

/** @param file text of a rule file */
export async function checkRules(file: string): Promise<Answer> {
  return await run(["check", "rules", "rules.yaml"], { "rules.yaml": file });
}

/** A query as the one rule of a file: PromQL has no checker of its own. */
export function ruleOf(...queries: readonly string[]): string {
  const rules = queries.map((expr, at) => ({ record: `query_${at}`, expr }));
  return JSON.stringify({ groups: [{ name: "queries", rules }] });
}

export interface InputSeries {
  readonly series: string;
  /** In promtool's notation: `1+0x60` is 1 for 60 minutes, then nothing. */
  readonly values: string;
}

export interface AlertCheck {
  readonly alert: string;
  /** After so long, e.g. `10m`. */
  readonly at: string;
  /** What fires, by its labels and annotations; empty: it must not. */
  readonly fires: readonly {
    readonly exp_labels: Readonly<Record<string, string>>;
    readonly exp_annotations: Readonly<Record<string, string>>;
  }[];
}

export interface TestAlertsOptions {
  readonly rules: string;
  readonly series: readonly InputSeries[];
  readonly checks: readonly AlertCheck[];
  /** How often rules are looked at: what lasts hours need not be each minute. @default "1m" */
  readonly every?: string;
}

/** Runs `promtool test rules`: exit code 0 where alerts are exactly as expected. */
export async function testAlerts({ rules, series, checks, every = "1m" }: TestAlertsOptions): Promise<Answer> {
  const alerts = checks.map(({ alert, at, fires }) => ({ eval_time: at, alertname: alert, exp_alerts: fires }));
  const tests = [{ interval: "1m", input_series: series, alert_rule_test: alerts }];
  const file = JSON.stringify({ rule_files: ["rules.yaml"], evaluation_interval: every, tests });
  return await run(["test", "rules", "test.yaml"], { "rules.yaml": rules, "test.yaml": file });
}

export interface QueryCheck {
  readonly expr: string;
  /** After so long, e.g. `10m`. */
  readonly at: string;
  /** Labels of what it gives, each with the value 1. */
  readonly gives: readonly Readonly<Record<string, string>>[];
}

/** Likewise, for queries of what the rules have made of the series. */
export async function testQueries(
  rules: string,
  series: readonly InputSeries[],
  checks: readonly QueryCheck[],
): Promise<Answer> {
  const queries = checks.map(({ expr, at, gives }) => {
    const samples = gives.map((labels) => ({ labels: `{${labelText(labels)}}`, value: 1 }));
    return { expr, eval_time: at, exp_samples: samples };
  });
  const tests = [{ interval: "1m", input_series: series, promql_expr_test: queries }];
  const file = JSON.stringify({ rule_files: ["rules.yaml"], evaluation_interval: "1m", tests });
  return await run(["test", "rules", "test.yaml"], { "rules.yaml": rules, "test.yaml": file });
}

/** As between the braces of a series. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${value}"`)
    .join(",");
}

/** The samples of a page, as series that keep their values. @param labels what the scrape adds */
export function seriesOf(
  page: string,
  labels: Readonly<Record<string, string>>,
  minutes = 120,
): readonly InputSeries[] {
  return samplesOf(page, labels).map(({ series, value }) => ({ series, values: `${value}+0x${minutes}` }));
}

/** The samples of a page. @param labels what the scrape adds */
export function samplesOf(
  page: string,
  labels: Readonly<Record<string, string>>,
): readonly { readonly name: string; readonly series: string; readonly value: string }[] {
  return page.split("\n").flatMap((line) => {
    const [, name, own, value] = /^([a-z_]+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    if (name === undefined || value === undefined) return [];
    const all = [...(own === undefined || own === "" ? [] : [own]), labelText(labels)];
    return [{ name, series: `${name}{${all.join(",")}}`, value }];
  });
}

async function run(args: readonly string[], files: Readonly<Record<string, string>>, stdin = ""): Promise<Answer> {
  const promtool = findPromtool();
  if (promtool === undefined) throw new Error("There is no promtool: tools/setup-promtool.sh fetches it");
  const dir = mkdtempSync(`${tmpdir()}/headcni-promtool-`);
  try {
    for (const [name, text] of Object.entries(files)) writeFileSync(`${dir}/${name}`, text);
    const child = Bun.spawn([promtool, ...args], {
      cwd: dir,
      stdin: new Blob([stdin]),
      stdout: "pipe",
      stderr: "pipe",
    });
    const [exitCode, stdout, stderr] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()]);
    return { exitCode, said: stdout + stderr };
  } finally {
    rmSync(dir, { recursive: true });
  }
}
