// Claims of a whole cluster at once.

import { expect, test } from "bun:test";
import { type SimulatedNode, Simulation } from "./simulation.fixture.ts";

test.each([
  [50, "10.244.0.0/16", true],
  [200, "10.244.0.0/16", true],
  [200, "10.244.0.0/16", false],
  [300, "10.240.0.0/12", true],
])(
  "%p nodes on blocks of %p, approved %p, come to rest",
  (count, base, isApproving) => {
    const simulation = new Simulation({ seed: count, base, isApproving });
    for (let index = 1; index <= count; index++) simulation.add(`ip-10-0-${index >> 4}-${index}.example.com`);
    const isAtRest = ({ claim }: SimulatedNode) => claim?.phase === (isApproving ? "won" : "provisional");
    const isDone = () =>
      simulation.nodes.every(isAtRest) && new Set(simulation.nodes.map(({ block }) => String(block))).size === count;
    const tookMs = simulation.runUntil(isDone, 300_000);
    const rounds = simulation.nodes.map(({ blocksTried }) => blocksTried).toSorted((a, b) => a - b);
    console.log(`    ${count} nodes: ${(tookMs ?? Number.NaN) / 1000} s, at most ${rounds.at(-1)} blocks tried`);
    expect(tookMs).toBeLessThan(60_000);
  },
  60_000,
);
