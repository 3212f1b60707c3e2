// How long nodes that nothing assigns a PodCIDR take to come to one each, all started at once: by the simulation, whose control server
// takes up to 3 s to tell of a change, as Headscale 0.29 does by default. Simulated time, which no machine makes faster.

import { Simulation } from "../src/claims/simulation.fixture.ts";
import type { Table } from "./report.ts";
import { median } from "./sample.ts";

export interface ClaimsBenchOptions {
  readonly counts: readonly number[];
  /** How many times each, with other names and another chance. */
  readonly rounds: number;
}

export function benchClaims({ counts, rounds }: ClaimsBenchOptions): Table {
  const rows = counts.flatMap((count) =>
    [true, false].map((isApproving) => {
      const runs = Array.from({ length: rounds }, (_, seed) => simulate(count, { seed: seed + 1, isApproving }));
      const of = (value: (run: Run) => number): string => spread(runs.map(value));
      return [
        String(count),
        isApproving ? "by the policy" : "not yet",
        of(({ readySeconds }) => readySeconds),
        of(({ doneSeconds }) => doneSeconds),
        of(({ mostTried }) => mostTried),
        `${of(({ moved }) => moved)}`,
      ];
    }),
  );
  return {
    title: "Claims: unassigned nodes that start at once",
    text: `256 blocks of 10.244.0.0/16, simulated, ${rounds} runs: min / median / max. Of a pod's first start the settle time, 6 s, is a part.`,
    columns: [
      "nodes",
      "approved",
      "median node may start pods, s",
      "all at rest, s",
      "most blocks tried",
      "nodes that moved",
    ],
    rows,
  };
}

interface Run {
  readonly readySeconds: number;
  readonly doneSeconds: number;
  readonly mostTried: number;
  readonly moved: number;
}

function simulate(count: number, { seed, isApproving }: { readonly seed: number; readonly isApproving: boolean }): Run {
  const simulation = new Simulation({ seed, isApproving });
  for (let index = 1; index <= count; index++) simulation.add(`ip-10-${seed}-${index >> 4}-${index}.example.com`);
  const { nodes } = simulation;
  const last = isApproving ? "won" : "provisional";
  const isDone = (): boolean =>
    nodes.every(({ claim }) => claim?.phase === last) &&
    new Set(nodes.map(({ block }) => String(block))).size === count;
  const doneMs = simulation.runUntil(isDone, 300_000) ?? Number.NaN;
  const tried = nodes.map(({ blocksTried }) => blocksTried);
  return {
    readySeconds: median(nodes.map(({ readyMs }) => readyMs ?? Number.NaN)) / 1000,
    doneSeconds: doneMs / 1000,
    mostTried: Math.max(...tried),
    moved: tried.filter((blocks) => blocks > 1).length,
  };
}

function spread(values: readonly number[]): string {
  const text = (value: number): string => (Number.isInteger(value) ? String(value) : value.toFixed(1));
  return [Math.min(...values), median(values), Math.max(...values)].map(text).join(" / ");
}
