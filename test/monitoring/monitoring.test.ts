// Metrics, alerts, the dashboard and the queries of docs/monitoring.md, as Prometheus' own promtool judges them; each alert is provoked.

import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import * as YAML from "yaml";
import type { MetricKind } from "../../src/agent/metrics.ts";
import { daemonMetrics } from "../../src/daemon/metrics.ts";
import { dataplaneMetrics } from "../../src/dataplane/metrics.ts";
import { meshMetrics } from "../../src/mesh/metrics.ts";
import { nodeMetrics } from "../../src/node/metrics.ts";
import { tailscaleMetrics } from "../../src/tailscale/metrics.ts";
import { alerts, recordingRules } from "../../tools/gen/monitoring/alerts.ts";
import { rulesFile } from "../../tools/gen/monitoring/rules.ts";
import { helmTemplate } from "../chart/helm.ts";
import { checkout } from "../harness/node.ts";
import { pageBlocks } from "../harness/page.ts";
import { findPromtool } from "../harness/tailnet/programs.ts";
import { allMetrics, type PageOptions, pageOf, peerSamples, sample } from "./pages.ts";
import { checkMetrics, checkRules, type InputSeries, labelText, ruleOf, seriesOf, testAlerts } from "./promtool.ts";

const rules = rulesFile();
const dashboard: {
  readonly panels: readonly {
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
} = JSON.parse(readFileSync(`${checkout}/chart/dashboards/headcni.json`, "utf8"));
const panelQueries = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const documented = pageBlocks("docs/monitoring.md")
  .filter(({ language }) => language === "promql")
  .flatMap(({ text }) => text.trim().split("\n"));

/** With what Grafana puts in for its variables. */
function plain(query: string): string {
  return query.replaceAll("$node", ".*").replaceAll("$__rate_interval", "5m");
}

describe("queries ask for metrics and labels that there are:", () => {
  const suffixes = /_(?:bucket|count|sum)$/;
  const known = new Map(allMetrics.map((kind) => [kind.name, kind]));
  const recorded = recordingRules.map(({ record }) => record);
  /** What a scrape adds, and what a histogram has. */
  const scraped = ["node", "instance", "job", "pod", "container", "le"];

  test.each([
    ["the dashboard", panelQueries],
    ["the alerts", alerts.map(({ expr }) => expr)],
    ["the recording rules", recordingRules.map(({ expr }) => expr)],
    ["docs/monitoring.md", documented],
  ])("%s", (_where, queries) => {
    expect(queries.length).toBeGreaterThan(0);
    for (const query of queries) {
      const asked = [...query.matchAll(/\b(?:headcni|process)_\w+/g)].map(([name]) => name);
      const named = asked.filter((name) => !recorded.some((record) => record.includes(name)));
      const kinds = named.map((name) => known.get(name) ?? known.get(name.replace(suffixes, "")));
      expect([query, named.filter((_, at) => kinds[at] === undefined)]).toEqual([query, []]);
      const labels = kinds.flatMap((kind: MetricKind | undefined) => kind?.labelNames ?? []);
      const matched = [...query.matchAll(/(?:by|without|on) \(([^)]*)\)|\{([^}]*)\}/g)].flatMap(
        ([, list = "", selector = ""]) => [...list.matchAll(/\w+/g), ...selector.matchAll(/\w+(?=[=!])/g)].map(String),
      );
      expect([query, matched.filter((label) => ![...labels, ...scraped].includes(label))]).toEqual([query, []]);
    }
  });

  test("no panel lies on another", () => {
    const places = dashboard.panels.map(({ gridPos }) => gridPos);
    for (const [at, a] of places.entries()) {
      expect(a.x + a.w).toBeLessThanOrEqual(24);
      const under = places
        .slice(at + 1)
        .filter((b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h);
      expect(under).toEqual([]);
    }
  });
});

interface Scene {
  readonly series: () => Promise<readonly InputSeries[]>;
  /** Labels of what fires, beside the alert's own. */
  readonly labels: Readonly<Record<string, string>>;
  /** What its summary says of them. */
  readonly says: string;
  /** When it has not yet fired, and when it has. */
  readonly before: string;
  readonly after: string;
  readonly every?: string;
}

const target = { job: "kube-system/headcni-daemon", instance: "192.0.2.1:9465", node: "node-1" };

async function nodeSeries(options: PageOptions = {}, node = target): Promise<readonly InputSeries[]> {
  return [{ series: `up{${labelText(node)}}`, values: "1+0x600" }, ...seriesOf(await pageOf(options), node, 600)];
}

/** The series of one metric otherwise: `values` in promtool's notation. */
function withValues(series: readonly InputSeries[], { name }: MetricKind, values: string): readonly InputSeries[] {
  return series.map((each) => (each.series.startsWith(`${name}{`) ? { ...each, values } : each));
}

const three = async (): Promise<readonly InputSeries[]> => [
  ...(await nodeSeries()),
  ...(await nodeSeries({}, { ...target, instance: "192.0.2.2:9465", node: "node-2" })),
  ...(await nodeSeries({}, { ...target, instance: "192.0.2.3:9465", node: "node-3" })),
];

const scenes: Readonly<Record<string, Scene>> = {
  HeadCNINodeNotReady: {
    series: () => nodeSeries({ samples: [sample(daemonMetrics.ready, 0)], holds: ["ConflistNotWritten"] }),
    labels: target,
    says: "node-1 cannot take pods",
    before: "4m",
    after: "6m",
  },
  HeadCNIPodsAffected: {
    series: () => nodeSeries({ holds: ["ForwardRefused"] }),
    labels: { ...target, code: "ForwardRefused", affects_pods: "true" },
    says: "ForwardRefused on node-1: pods there lack network",
    before: "4m",
    after: "6m",
  },
  HeadCNINodeCutOff: {
    series: () =>
      nodeSeries({ samples: [...peerSamples("node-2"), ...peerSamples("node-3", { state: "unapproved" })] }),
    labels: { peer: "node-3" },
    says: "Pods of node-3 are reached from no other node",
    before: "4m",
    after: "6m",
  },
  HeadCNIPodCIDRConflict: {
    series: () => nodeSeries({ samples: [sample(meshMetrics.conflicts, 1)] }),
    labels: {},
    says: "Routes of the tailnet share addresses",
    before: "4m",
    after: "6m",
  },
  HeadCNIDaemonDown: {
    // The scrape fails from the tenth minute on: every series of the page ends.
    series: async () => [
      { series: `up{${labelText(target)}}`, values: "1+0x10 0+0x60" },
      ...seriesOf(await pageOf(), target, 10),
    ],
    labels: target,
    says: "The daemon of node-1 does not answer",
    before: "20m",
    after: "22m",
  },
  HeadCNINodesNotScraped: {
    series: () => nodeSeries(),
    labels: {},
    says: "2 nodes of the cluster are on the tailnet, and their daemons are not scraped",
    before: "59m",
    after: "61m",
  },
  HeadCNINodeKeyExpires: {
    series: () => nodeSeries({ samples: [sample(tailscaleMetrics.keyExpiry, 3 * 86_400)] }),
    labels: target,
    says: "The tailnet lets node-1 in for another 2d 22h 59m 0s",
    before: "59m",
    after: "61m",
  },
  HeadCNIPodAddressesRunOut: {
    series: () => nodeSeries({ samples: [sample(nodeMetrics.leases, 240)] }),
    labels: target,
    says: "94.86% of the addresses for pods on node-1 are given out",
    before: "14m",
    after: "16m",
  },
  HeadCNIRelayedOnly: {
    series: () =>
      nodeSeries({ samples: [...peerSamples("node-2", { direct: 0 }), ...peerSamples("node-3", { direct: 0 })] }),
    labels: target,
    says: "node-1 reaches no other node without a relay",
    before: "29m",
    after: "31m",
  },
  HeadCNIKernelRulesContested: {
    series: async () => withValues(await nodeSeries(), dataplaneMetrics.repairs, "0+0.2x600"),
    labels: target,
    says: "The rules for pods on node-1 were put right 48 times within an hour",
    before: "5m",
    after: "60m",
  },
  HeadCNIConflistContested: {
    series: async () => withValues(await nodeSeries(), nodeMetrics.conflistWrites, "0+0.1x600"),
    labels: target,
    says: "The CNI configuration of node-1 was written 30 times within an hour",
    before: "5m",
    after: "60m",
  },
  HeadCNIReconcileSlow: {
    series: async () =>
      (await nodeSeries()).map((each) => {
        const slow =
          /_bucket\{.*le="(?:5|10|\+Inf)"/.test(each.series) || each.series.includes("duration_seconds_count");
        return each.series.startsWith("headcni_reconcile") && slow ? { ...each, values: "1+2x600" } : each;
      }),
    labels: target,
    says: "A look at node-1 takes 4.975s",
    before: "15m",
    after: "18m",
  },
  HeadCNIDaemonRestarts: {
    series: async () =>
      withValues(await nodeSeries(), daemonMetrics.processStart, `1+0x10 600+0x10 1200+0x10 1800+0x10 2400+0x30`),
    labels: target,
    says: "The daemon of node-1 has started 4 times within an hour",
    before: "30m",
    after: "50m",
  },
  HeadCNICondition: {
    series: () => nodeSeries({ holds: ["TailscaleNeedsLogin"] }),
    labels: { ...target, code: "TailscaleNeedsLogin", affects_pods: "false" },
    says: "TailscaleNeedsLogin on node-1",
    before: "59m",
    after: "61m",
  },
  HeadCNIVersionsDiffer: {
    series: async () => [
      ...(await nodeSeries()),
      ...(await nodeSeries(
        { samples: [sample(daemonMetrics.buildInfo, 1, { version: "0.2.0", commit: "def" })] },
        { ...target, instance: "192.0.2.2:9465", node: "node-2" },
      )),
    ],
    labels: {},
    says: "2 versions of HeadCNI run in the cluster",
    before: "340m",
    after: "380m",
    every: "20m",
  },
};

test("the chart makes a PrometheusRule of the same rules, and a ConfigMap of the dashboard, when asked to", async () => {
  const sets = ["prometheusRule.enabled=true", "prometheusRule.labels.release=prometheus", "dashboard.enabled=true"];
  const [plain, asked] = await Promise.all([helmTemplate(), helmTemplate(sets)]);
  expect(plain.objects.map(({ kind }) => kind)).not.toContain("PrometheusRule");
  const { metadata, spec } = asked.one("PrometheusRule", "headcni");
  expect(spec).toEqual(YAML.parse(rules));
  expect(metadata).toMatchObject({ namespace: "kube-system", labels: { release: "prometheus" } });
  expect(asked.one("ConfigMap", "headcni-dashboard")).toMatchObject({
    data: { "headcni.json": readFileSync(`${checkout}/chart/dashboards/headcni.json`, "utf8") },
  });
});

/** None where this machine has none and cannot get it: `make test` says so. */
const checkers = findPromtool() === undefined ? [] : ["promtool"];

test("every alert is set off by a daemon with the fault itself, too", () => {
  const texts = ["monitoring/daemon-faults", "mesh/lab", "daemon/drift"].map((name) =>
    readFileSync(`${checkout}/test/${name}.test.ts`, "utf8"),
  );
  const provoked = new Set([...texts.join("").matchAll(/alertname: "(\w+)"/g)].map(([, name]) => name));
  expect(alerts.map(({ name }) => name).filter((name) => !provoked.has(name))).toEqual([]);
});

describe.each(checkers)("%s", () => {
  test("finds nothing wrong with the metrics", async () => {
    const every = allMetrics.filter(({ type }) => type !== "histogram");
    const samples = every.map((kind) =>
      sample(kind, 1, Object.fromEntries((kind.labelNames ?? []).map((name) => [name, "x"]))),
    );
    const page = await pageOf({ samples });
    for (const { name } of allMetrics) expect(page).toContain(`# HELP ${name} `);
    expect(await checkMetrics(page)).toEqual({ exitCode: 0, said: "" });
    // It would say it.
    expect((await checkMetrics("# HELP bad_ms Bad\n# TYPE bad_ms counter\nbad_ms 1\n")).exitCode).not.toBe(0);
  });

  test("takes the rules, and every query of the dashboard and of docs/monitoring.md", async () => {
    expect(await checkRules(rules)).toMatchObject({ exitCode: 0 });
    expect(await checkRules(ruleOf(...[...panelQueries, ...documented].map(plain)))).toMatchObject({ exitCode: 0 });
    expect((await checkRules(ruleOf("sum(headcni_ready"))).exitCode).not.toBe(0);
  });

  test("sees no alert where three nodes are well", async () => {
    const series = await three();
    const checks = alerts.map(({ name }) => ({ alert: name, at: "65m", fires: [] }));
    expect(await testAlerts({ rules, series, checks })).toMatchObject({ exitCode: 0 });
  });

  test("every alert has its scene", () => {
    expect(Object.keys(scenes)).toEqual(alerts.map(({ name }) => name));
  });

  test.each(alerts)("sees $name when it should, and not before", async ({ name, severity, description }) => {
    const scene = scenes[name];
    if (scene === undefined) throw new Error(`No scene of ${name}`);
    const { labels, says, before, after, every } = scene;
    const fires = [{ exp_labels: { ...labels, severity }, exp_annotations: { summary: says, description } }];
    const { exitCode, said } = await testAlerts({
      rules,
      series: await scene.series(),
      checks: [
        { alert: name, at: before, fires: [] },
        { alert: name, at: after, fires },
      ],
      ...(every === undefined ? {} : { every }),
    });
    expect(exitCode === 0 ? "" : said).toBe("");
  });
});
