// The agent, on values a test sets: what it publishes, says and remembers.

import { describe, expect, test } from "bun:test";
import { createConditionStore } from "../agent/condition-store.ts";
import { createLatest } from "../agent/latest.ts";
import { type PodCIDRs, parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { LoadedConfig } from "../config/config.ts";
import { defaultConfig } from "../config/defaults.ts";
import { fakeClock, memoryLog, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import type { Tailnet, TailnetPeer } from "../tailnet/tailnet.ts";
import { createClaimsAgent } from "./agent.ts";
// Loaded by the agent when it is needed, which takes a time that a fake clock does not know.
import "./claims-step.ts";
import type { ClaimsAssignment, ProvenRoute } from "./claims-step.ts";
import { claimsFile } from "./memory.ts";

const loaded: LoadedConfig = {
  config: defaultConfig,
  file: undefined,
  hostFile: "/etc/headcni/config.yaml",
  origins: new Map(),
  warnings: [],
};

const prefixes = (text: string) => (text === "" ? [] : text.split(",").map(parsePrefix));

function peer(id: number, offers: string, serves = "", parts: Partial<TailnetPeer> = {}): TailnetPeer {
  return {
    id: String(id),
    name: `node-${id}`,
    addresses: [],
    primaryRoutes: prefixes(serves),
    advertisedRoutes: prefixes(offers),
    tags: [],
    isOnline: true,
    path: { kind: "unknown" },
    ...parts,
  };
}

/** A node-5 with an agent that runs; time is the test's. */
class Scene implements AsyncDisposable {
  readonly clock = fakeClock();
  readonly conditions = createConditionStore({ clock: this.clock, log: memoryLog() });
  readonly assignment = createLatest<ClaimsAssignment | undefined>(undefined);
  readonly tailnet = createLatest<Tailnet | undefined>(undefined);
  readonly proofs = createLatest<ProvenRoute | undefined>(undefined);
  readonly held = createLatest<PodCIDRs | undefined>(undefined);
  readonly pods = createLatest<number | undefined>(0);
  readonly claims = createLatest<ClaimsView | undefined>(undefined);
  readonly root: TempRoot;
  readonly #stop = new AbortController();
  readonly #running: Promise<unknown>;

  constructor(root: TempRoot) {
    this.root = root;
    const system = { ...testSystem(root, { clock: this.clock, log: memoryLog() }), random: () => 0.5 };
    const config = createLatest<LoadedConfig | undefined>(loaded);
    const agent = createClaimsAgent(system, { ...this, config, record: () => undefined });
    const run = (part: Pick<typeof agent, "run">) => part.run(this.#stop.signal, Promise.resolve());
    this.#running = Promise.all([run(agent), this.conditions.run(this.#stop.signal)]);
  }

  /** What nothing assigned, unless it is said. */
  guess(podCIDRs: string, isGuess = true): void {
    this.assignment.set({ podCIDRs: parsePodCIDRs(podCIDRs), isGuess, clusterCIDRs: [parsePrefix("10.244.0.0/16")] });
  }

  /** The network map: what this node offers, and its peers. */
  join(offers: string, ...peers: readonly TailnetPeer[]): void {
    const routes = prefixes(offers);
    const self = { ...peer(5, offers), advertisedRoutes: routes, acknowledgedRoutes: routes };
    this.tailnet.set({ kind: "ready", self, peers, mapReadMs: this.clock.monotonicMs() });
  }

  async pass(seconds: number): Promise<void> {
    for (let turn = 0; turn < 20; turn++) await this.clock.advance(0);
    for (let left = seconds; left > 0; left -= 1) {
      await this.clock.advance(1000);
      this.#readMap();
    }
  }

  /** As tailscaled is asked anew while a claim is judged. */
  #readMap(): void {
    const { value } = this.tailnet;
    if (value !== undefined && "self" in value) this.tailnet.set({ ...value, mapReadMs: this.clock.monotonicMs() });
  }

  /** Of the claim: offered, gateway held, pods may start. */
  get effects(): string {
    const { isAdvertised, holdsGateway, startsPods, isWon } = this.claims.value?.claim ?? {};
    const flags = { offered: isAdvertised, held: holdsGateway, pods: startsPods, won: isWon };
    return Object.entries(flags)
      .flatMap(([name, is]) => (is === true ? [name] : []))
      .join(" ");
  }

  get taken(): readonly string[] {
    return this.claims.value?.taken.map(({ range, node }) => `${node} ${range}`) ?? [];
  }

  get codes(): readonly string[] {
    return this.conditions.list().map(({ code }) => code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }
}

describe("the claims agent", () => {
  test("claims a guess, settles, and remembers that it was won", async () => {
    using root = tempRoot();
    await using scene = new Scene(root);
    scene.guess("10.244.1.0/24");
    scene.join("", peer(2, "10.244.2.0/24", "10.244.2.0/24"), peer(3, "10.244.3.0/24,0.0.0.0/0"));
    await scene.pass(1);
    expect(scene.effects).toBe("offered held");
    expect(scene.taken).toEqual(["node-2 10.244.2.0/24", "node-3 10.244.3.0/24"]);
    scene.join("10.244.1.0/24", peer(2, "10.244.2.0/24", "10.244.2.0/24"));
    await scene.pass(5);
    expect(scene.effects).toBe("offered held");
    await scene.pass(2);
    expect(scene.effects).toBe("offered held pods");
    // What packets said of another block proves nothing of this one.
    scene.proofs.set({ podCIDRs: parsePodCIDRs("10.244.9.0/24"), own: { route: "live" } });
    await scene.pass(1);
    expect(scene.effects).toBe("offered held pods");
    scene.proofs.set({ podCIDRs: parsePodCIDRs("10.244.1.0/24"), own: { route: "live" } });
    await scene.pass(1);
    expect(scene.effects).toBe("offered held pods won");
    const { won, peers } = JSON.parse(root.read(claimsFile));
    expect([won, peers.map(({ name }: { name: string }) => name)]).toEqual([["10.244.1.0/24"], ["node-2", "node-3"]]);
    expect(scene.codes).toEqual([]);

    await using restarted = new Scene(root);
    restarted.guess("10.244.1.0/24");
    restarted.join("10.244.1.0/24", peer(2, "10.244.2.0/24", "10.244.2.0/24"));
    await restarted.pass(1);
    expect(restarted.effects).toBe("offered held pods won");
    expect(restarted.taken).toEqual(["node-2 10.244.2.0/24", "node-3 10.244.3.0/24"]);
  });

  test("has the chain pass over a block that another node has, and waits until what all offer is known", async () => {
    using root = tempRoot();
    await using scene = new Scene(root);
    scene.guess("10.244.1.0/24");
    scene.join("", { ...peer(2, ""), advertisedRoutes: undefined });
    await scene.pass(1);
    expect([scene.effects, scene.taken]).toEqual(["held", []]);
    scene.join("", peer(2, "10.244.1.0/24"));
    await scene.pass(1);
    expect([scene.claims.value?.claim?.isKept, scene.taken]).toEqual([false, ["node-2 10.244.1.0/24"]]);
  });

  test("says which node has its block and how many pods hold it, and what follows", async () => {
    using root = tempRoot();
    await using scene = new Scene(root);
    scene.guess("10.244.1.0/24");
    scene.join("10.244.1.0/24");
    scene.pods.set(3);
    await scene.pass(8);
    scene.join("10.244.1.0/24", peer(2, "10.244.1.0/24", "10.244.1.0/24"));
    await scene.pass(1);
    expect(scene.conditions.list().map(({ code, severity, text }) => `${code} ${severity} ${text}`)).toEqual([
      expect.stringMatching(
        /^PodCIDRClaimContested error 10.244.1.0\/24 is used by 3 pods of this node, and node-2 serves/,
      ),
    ]);
    await scene.pass(16);
    expect(scene.effects).toBe("held pods");
    scene.pods.set(0);
    await scene.pass(1);
    expect(scene.effects).toBe("");
    expect(scene.codes).toEqual([]);
  });

  test("says on both sides that an assigned range is another's, and touches nothing", async () => {
    using root = tempRoot();
    await using scene = new Scene(root);
    scene.guess("10.244.1.0/24", false);
    scene.join("10.244.1.0/24", peer(9, "10.244.1.0/24"));
    await scene.pass(7);
    expect(scene.conditions.list().map(({ code, severity }) => [code, severity])).toEqual([
      ["AssignedPodCIDRContested", "error"],
    ]);
    expect(scene.claims.value).toMatchObject({ claim: undefined, taken: [] });
    scene.join("10.244.1.0/24", peer(9, "10.244.9.0/24"));
    await scene.pass(1);
    expect(scene.codes).toEqual([]);
  });

  test("works for itself where no tailnet comes, and has nothing to say where none is expected", async () => {
    using root = tempRoot();
    await using scene = new Scene(root);
    scene.guess("10.244.1.0/24");
    scene.tailnet.set({ kind: "needs-login", why: "tailscaled is not logged in" });
    await scene.pass(29);
    expect(scene.effects).toBe("held");
    await scene.pass(3);
    expect([scene.effects, scene.codes]).toEqual(["held pods", ["PodCIDRClaimUnheard"]]);
    scene.tailnet.set({ kind: "absent", why: "there is no socket", isExpected: false });
    await scene.pass(1);
    expect([scene.claims.value, scene.codes]).toEqual([undefined, []]);
  });
});
