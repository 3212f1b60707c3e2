// Which alerts real daemons set off: their pages of /metrics, scraped while a fault is there, are played to the rules for as long as
// alerts wait. A test of a daemon that provokes a fault anyway says with it which alerts see it, and that no other does.

import { expect } from "bun:test";
import { rulesFile } from "../../tools/gen/monitoring/rules.ts";
import { get } from "../daemon/daemon.ts";
import type { Node } from "../harness/node.ts";
import { findPromtool } from "../harness/tailnet/programs.ts";
import { labelText, type QueryCheck, samplesOf, testQueries } from "./promtool.ts";

/** One scrape of every daemon, by the node's name; undefined where it failed. */
export interface Scrape {
  readonly atMs: number;
  readonly pages: ReadonlyMap<string, string | undefined>;
}

export async function scrape(...nodes: readonly Node[]): Promise<Scrape> {
  const page = async (node: Node) =>
    [
      node.name,
      await get(node, "/metrics").then(
        ({ body }) => body,
        () => undefined,
      ),
    ] as const;
  return { atMs: Date.now(), pages: new Map(await Promise.all(nodes.map(page))) };
}

export interface Stage {
  readonly scrape: Scrape;
  /** How long it is so: what daemons count goes up evenly meanwhile. @default 70: longer than most alerts wait */
  readonly minutes?: number;
  /** Labels of the alerts that fire at its end: all of them, unless others may. */
  readonly fires: readonly FiredAlert[];
  /** Where nodes hear of a change one after the other, what else they say depends on the moment. @default false */
  readonly othersMayFire?: boolean;
}

export type FiredAlert = { readonly alertname: string } & Readonly<Record<string, string>>;

const counted = /_(?:total|bucket|count|sum)$/;
const instant = /_timestamp_seconds$/;
/** A busy machine makes looks of its daemons slow at any time, and then the alert is right: it is asked for where a slow look is the fault. */
const ofTheMachine = "HeadCNIReconcileSlow";

/** The query for every alert that fires, but for those that the machine may set off. */
function shown(fires: readonly FiredAlert[]): string {
  const isAsked = fires.some(({ alertname }) => alertname === ofTheMachine);
  const others = isAsked ? "" : `,alertname!="${ofTheMachine}"`;
  return `group by (alertname, node, peer, code) (ALERTS{alertstate="firing"${others}})`;
}

const firing = (alert: FiredAlert): string => `group(ALERTS{alertstate="firing",${labelText(alert)}})`;

/** Plays one stage after the other. Without promtool, which `make test` says, there is nothing to ask. */
export async function expectAlerts(stages: readonly Stage[]): Promise<void> {
  if (findPromtool() === undefined) return;
  const played = new Map<string, Played>();
  const checks: QueryCheck[] = [];
  let minute = 0;
  for (const { scrape: one, minutes = 70, fires, othersMayFire = false } of stages) {
    for (const [series, value] of samplesAt(one, minute)) append(played, { series, value, minute, minutes });
    minute += minutes;
    const at = `${minute - 1}m`;
    if (othersMayFire) for (const alert of fires) checks.push({ expr: firing(alert), at, gives: [{}] });
    else checks.push({ expr: shown(fires), at, gives: fires });
  }
  const series = [...played].map(([name, { values }]) => ({ series: name, values: values.join(" ") }));
  const { exitCode, said } = await testQueries(rulesFile(), series, checks);
  expect(exitCode === 0 ? "" : said).toBe("");
}

/** With instants of promtool's clock, which begins with the epoch. */
function samplesAt({ atMs, pages }: Scrape, minute: number): ReadonlyMap<string, number> {
  const samples = new Map<string, number>();
  const late = atMs / 1000 - minute * 60;
  for (const [node, page] of pages) {
    const labels = { job: "headcni", instance: `${node}:9465`, node };
    samples.set(`up{${labelText(labels)}}`, page === undefined ? 0 : 1);
    for (const { name, series, value } of samplesOf(page ?? "", labels)) {
      samples.set(series, Number(value) - (instant.test(name) ? late : 0));
    }
  }
  return samples;
}

interface Played {
  readonly values: string[];
  last: number;
  until: number;
}

interface Piece {
  readonly series: string;
  readonly value: number;
  readonly minute: number;
  readonly minutes: number;
}

function append(played: Map<string, Played>, { series, value, minute, minutes }: Piece): void {
  const before = played.get(series) ?? { values: [], last: value, until: 0 };
  const [name = ""] = series.split("{", 1);
  const goesOn = before.until === minute && before.values.length > 0 && before.last <= value;
  const from = counted.test(name) && goesOn ? before.last : value;
  if (before.until < minute) before.values.push(`_x${minute - before.until}`);
  before.values.push(`${from}+${(value - from) / minutes}x${minutes - 1}`);
  played.set(series, { ...before, last: value, until: minute + minutes });
}
