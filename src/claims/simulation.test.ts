// Claims of many nodes at once, on a control server that elects as Headscale does and whose maps come late or not at all.

import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fnv1a64 } from "../podcidr/guess/hash.ts";
import { runs } from "../sys/testing.ts";
import { type SimulatedNode, Simulation } from "./simulation.fixture.ts";

/** A base of sixteen blocks. */
const small = { base: "10.244.0.0/24", bits: 28 };

function isConverged({ nodes }: Simulation): boolean {
  const up = nodes.filter(({ isUp }) => isUp);
  const blocks = new Set(up.map(({ block }) => String(block)));
  const isAtRest = ({ claim, assigned }: SimulatedNode) =>
    assigned !== undefined || claim?.phase === "won" || claim?.phase === "provisional";
  return blocks.size === up.length && up.every(isAtRest);
}

describe("nodes that start at once", () => {
  test.each([
    [2, true],
    [10, true],
    [16, true],
    [16, false],
  ])("%p of 16 blocks, approved %p", (count, isApproving) => {
    for (let seed = 1; seed <= runs(8); seed++) {
      const simulation = new Simulation({ ...small, seed, isApproving });
      for (let index = 1; index <= count; index++) simulation.add(`worker-${index}-of-${seed}`);
      expect([seed, simulation.runUntil(() => isConverged(simulation), 300_000)]).toEqual([seed, expect.any(Number)]);
    }
  });
});

describe("nodes that start at once, and pods on each as soon as they may", () => {
  // How a loaded machine, and a control server that is, differ from the rest: all takes longer, in no order.
  test.each([
    [3000, 20, true],
    [12_000, 0, true],
    [12_000, 0, false],
  ])("no two have one block with maps %p ms late, %p %% lost, approved %p", (batchMs, lostPercent, isApproving) => {
    for (let seed = 1; seed <= runs(5); seed++) {
      // The tailnet is there in time: without one a node works for itself.
      const simulation = new Simulation({ ...small, seed, batchMs, lostPercent, isApproving, timeoutMs: 120_000 });
      for (let index = 1; index <= 10; index++) simulation.add(`worker-${index}-of-${seed}`);
      const areAllReady = (): boolean => {
        for (const node of simulation.nodes) if (node.inForce !== undefined) node.pods = 1;
        return simulation.nodes.every(({ pods }) => pods > 0);
      };
      expect([seed, simulation.runUntil(areAllReady, 600_000)]).toEqual([seed, expect.any(Number)]);
      expect([seed, new Set(simulation.nodes.map(({ inForce }) => String(inForce))).size]).toEqual([seed, 10]);
    }
  });
});

test("a node that joins passes over what others have, without a round", () => {
  const simulation = new Simulation({ ...small, seed: 1 });
  for (let index = 1; index <= 10; index++) simulation.add(`worker-${index}`);
  simulation.runUntil(() => isConverged(simulation), 300_000);
  const late = simulation.add("worker-11");
  expect(simulation.runUntil(() => isConverged(simulation), 60_000)).toBeLessThan(15_000);
  expect(late.blocksTried).toBeLessThanOrEqual(2);
});

describe("an owner that was away", () => {
  /** `owner` is cut off until another, which knows nothing of it, has its block. */
  function squatted(ownerPods: number, squatterPods: number) {
    const simulation = new Simulation({ ...small, seed: 3 });
    const owner = simulation.add("owner");
    const others = [simulation.add("one"), simulation.add("two")];
    simulation.runUntil(() => isConverged(simulation), 60_000);
    const block = String(owner.block);
    owner.pods = ownerPods;
    simulation.setCut(owner, true);
    simulation.run(20_000);
    const squatter = simulation.add("squatter", block);
    simulation.run(10_000);
    squatter.pods = squatterPods;
    simulation.setCut(owner, false);
    return { simulation, owner, squatter, others, block };
  }

  test("moves without pods", () => {
    const { simulation, owner, block } = squatted(0, 3);
    expect(simulation.runUntil(() => isConverged(simulation), 60_000)).toBeLessThan(20_000);
    expect(String(owner.block)).not.toBe(block);
  });

  test("says so within seconds with pods, and both say it for as long as pods hold it; without them it moves", () => {
    const { simulation, owner, squatter, block } = squatted(2, 3);
    expect(simulation.runUntil(() => owner.isComplaining, 60_000)).toBeLessThan(6000);
    simulation.run(120_000);
    expect([owner.claim?.phase, String(owner.block), owner.offered]).toEqual(["withdrawn", block, undefined]);
    expect([owner.isComplaining, squatter.isComplaining]).toEqual([true, true]);
    owner.pods = 0;
    expect(simulation.runUntil(() => isConverged(simulation), 60_000)).toBeLessThan(30_000);
    simulation.run(10_000);
    expect(squatter.isComplaining).toBe(false);
  });
});

test("a node with pods that withdraws is heard of by the one that serves its block, also where that lost the maps of the time", () => {
  const simulation = new Simulation({ ...small, seed: 4 });
  const [one = "", two = ""] = conflicts.filter((name) => fnv1a64(name) % 16n === 0n);
  const [served, apart] = [simulation.add(one), simulation.add(two)];
  simulation.add("other");
  for (const node of [served, apart]) simulation.setCut(node, true);
  simulation.run(40_000);
  for (const node of [served, apart]) node.pods = 2;
  simulation.setCut(served, false);
  simulation.run(20_000);
  simulation.setDeaf(served, true);
  simulation.setCut(apart, false);
  simulation.run(40_000);
  expect([apart.claim?.phase, served.isComplaining]).toEqual(["withdrawn", false]);
  simulation.setDeaf(served, false);
  expect(simulation.runUntil(() => served.isComplaining, 120_000)).toBeLessThan(90_000);
  simulation.run(300_000);
  expect([apart.isComplaining, served.isComplaining, simulation.serves(served)]).toEqual([true, true, true]);
});

test("a guess without pods yields to an assigned range that waits as standby", () => {
  const simulation = new Simulation({ ...small, seed: 5 });
  const guess = simulation.add("guess");
  simulation.add("other");
  simulation.runUntil(() => isConverged(simulation), 60_000);
  simulation.add("assigned", String(guess.block));
  expect(simulation.runUntil(() => isConverged(simulation), 120_000)).toBeLessThan(60_000);
});

interface NodeAction {
  readonly do: "halt" | "boot" | "cut" | "heal" | "deafen" | "hear" | "pods" | "drain";
  readonly node: number;
}
type Action =
  | NodeAction
  | { readonly do: "join"; readonly isCut: boolean }
  | { readonly do: "wait"; readonly ms: number };

const onNode: fc.Arbitrary<NodeAction> = fc.record({
  do: fc.constantFrom<NodeAction["do"]>("halt", "boot", "cut", "heal", "deafen", "hear", "pods", "pods", "drain"),
  node: fc.nat(5),
});
const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 2, arbitrary: fc.record({ do: fc.constant("join" as const), isCut: fc.boolean() }) },
  { weight: 5, arbitrary: onNode },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.constantFrom(300, 2000, 9000, 30_000) }),
  },
);

/** Names that begin with one of two blocks, so that they meet. */
const conflicts = Array.from({ length: 200 }, (_, index) => `n${index}`).filter((name) => fnv1a64(name) % 16n < 2n);

/** A node that has withdrawn says so to those that serve its block once in this time. */
const roundMs = 80_000;

class Story {
  readonly simulation: Simulation;
  /** When something was last done to a node, or done to it and not over yet. */
  readonly #touchedMs = new Map<SimulatedNode, number>();

  constructor(seed: number, lostPercent: number) {
    this.simulation = new Simulation({ ...small, seed, lostPercent });
    for (const isCut of [false, true, true, false]) this.#join(isCut);
  }

  play(action: Action): void {
    const { simulation } = this;
    if (action.do === "wait") this.wait(action.ms);
    else if (action.do !== "join") this.#touch(action);
    else if (simulation.nodes.length < 12) this.#touchedMs.set(this.#join(action.isCut), simulation.nowMs);
  }

  /** A node that was cut off from the start has heard of nobody. */
  #join(isCut: boolean): SimulatedNode {
    const node = this.simulation.add(conflicts[this.simulation.nodes.length] ?? "");
    if (isCut) this.simulation.setCut(node, true);
    return node;
  }

  #touch({ do: what, node: index }: NodeAction): void {
    const { simulation } = this;
    const node = simulation.nodes[index];
    if (node === undefined) return;
    this.#touchedMs.set(node, simulation.nowMs + (what === "hear" && node.isDeaf ? roundMs : 0));
    if (what === "halt" && node.isUp) simulation.halt(node);
    if (what === "boot" && !node.isUp) simulation.boot(node);
    if (what === "cut" || what === "heal") simulation.setCut(node, what === "cut");
    if (what === "deafen" || what === "hear") simulation.setDeaf(node, what === "deafen");
    if (what === "pods" && node.isUp && node.inForce !== undefined) node.pods = 2;
    if (what === "drain") node.pods = 0;
  }

  /** Pods start wherever they can, and then all hear of each other. */
  meet(): void {
    this.wait(35_000);
    for (const at of this.simulation.nodes.keys()) this.play({ do: "pods", node: at });
    for (const what of ["hear", "heal"] as const) {
      for (const at of this.simulation.nodes.keys()) this.play({ do: what, node: at });
    }
  }

  /** Lets time pass and looks at every second of it. */
  wait(ms: number): void {
    for (let leftMs = ms; leftMs > 0; leftMs -= 1000) {
      this.simulation.run(Math.min(leftMs, 1000));
      expect(this.silentDuplicates()).toEqual([]);
    }
  }

  /** Nodes that share a block, both with pods, and do not both say so although both have been on the tailnet for a while. */
  silentDuplicates(): readonly string[] {
    const { nodes, nowMs } = this.simulation;
    const held = nodes.filter((node) => {
      const isCalm = nowMs - (this.#touchedMs.get(node) ?? 0) > 40_000;
      return node.isUp && !node.isCut && !node.isDeaf && node.pods > 0 && isCalm;
    });
    return held.flatMap((node) => {
      const other = held.find((one) => one !== node && String(one.inForce) === String(node.inForce));
      return other === undefined || node.isComplaining
        ? []
        : [`${node.name} does not say that ${other.name} has ${node.inForce}`];
    });
  }

  /** Everything that was taken away comes back, and pods go. */
  end(): number | undefined {
    const { simulation } = this;
    for (const node of simulation.nodes) {
      node.pods = 0;
      simulation.setDeaf(node, false);
      simulation.setCut(node, false);
      if (!node.isUp) simulation.boot(node);
    }
    return simulation.runUntil(() => isConverged(simulation), 300_000);
  }
}

test("whatever happens to nodes: none shares pods' addresses in silence, and all come to rest", () => {
  fc.assert(
    fc.property(fc.nat(), fc.constantFrom(0, 10), fc.array(action, { maxLength: 25 }), (seed, lost, actions) => {
      const story = new Story(seed, lost);
      for (const each of actions) story.play(each);
      story.meet();
      story.wait(roundMs + 60_000);
      const took = story.end();
      if (took === undefined)
        throw new Error(`No rest; the last of it:\n${story.simulation.log.slice(-30).join("\n")}`);
    }),
    { numRuns: runs(40), seed: 7 },
  );
}, 60_000);
