import { afterEach, beforeEach, expect, test } from "bun:test";
import { createConditionStore } from "../agent/condition-store.ts";
import { createLatest } from "../agent/latest.ts";
import { parseAddr } from "../cidr/addr.ts";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { parsePrefix } from "../cidr/prefix.ts";
import type { LoadedConfig } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { fakeHttp } from "../sys/net/testing.ts";
import { fakeClock, memoryLog, seededRandom, type TempRoot, tempRoot, testSystem } from "../sys/testing.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import { createHeadscaleAgent, type HeadscaleAssignment } from "./agent.ts";
import { generations } from "./generations.fixture.ts";
import { createFakeHeadscale, type FakeNode, memoryState } from "./testing.ts";

let root: TempRoot;
beforeEach(() => {
  root = tempRoot();
  root.write("/etc/headcni/key", "k-1\n", 0o600);
});
afterEach(() => root[Symbol.dispose]());

const node = (id: string, parts: Partial<FakeNode> = {}): FakeNode => {
  return { id, name: `node-${id}`, tags: [], isOnline: true, available: [], approved: [], ...parts };
};

function tailnetOf(peers: number): Tailnet {
  const common = { primaryRoutes: [], tags: [], isOnline: true };
  const self = { ...common, id: "1", name: "node-1", addresses: [parseAddr("100.64.0.1")], advertisedRoutes: [] };
  const path = { kind: "unknown" } as const;
  const peer = (id: number) => ({
    ...common,
    id: String(id),
    name: `p${id}`,
    addresses: [],
    path,
    advertisedRoutes: [],
  });
  return { kind: "ready", self, peers: Array.from({ length: peers }, (_, at) => peer(at + 2)) };
}

async function start(approval: string, facts = generations[2], first: Tailnet | undefined = tailnetOf(1)) {
  if (facts === undefined) throw new Error("No facts");
  // Loaded by the first call otherwise, which takes time that the clock does not know of.
  await Promise.all([
    import("./rest/calls.ts"),
    import("./approval/change-approvals.ts"),
    import("../sys/net/http-client.ts"),
  ]);
  const clock = fakeClock();
  const state = memoryState(node("1"), node("2"));
  const http = fakeHttp(createFakeHeadscale({ facts, state, keys: () => ["k-1"] }), clock);
  root.write(
    "/etc/headcni/config.yaml",
    `headscale: { approval: ${approval}, url: http://headscale.example, apiKeyFile: /etc/headcni/key }\n`,
  );
  const system = testSystem(root, { http, clock, log: memoryLog(), random: seededRandom(1) });
  const conditions = createConditionStore(system);
  const config = createLatest<LoadedConfig | undefined>(await loadConfig(system));
  const podCIDRs = parsePodCIDRs("10.244.1.0/24");
  const assignment = createLatest<HeadscaleAssignment | undefined>({
    podCIDRs,
    clusterCIDRs: [parsePrefix("10.244.0.0/16")],
  });
  const tailnet = createLatest<Tailnet | undefined>(first);
  const ownId = createLatest<string | undefined>(undefined);
  const record = () => undefined;
  const agent = createHeadscaleAgent(system, { conditions, config, assignment, tailnet, ownId, record });
  const stop = new AbortController();
  const running = agent.run(stop.signal, Promise.resolve());
  return {
    clock,
    state,
    http,
    assignment,
    tailnet,
    ownId,
    codes: () => conditions.list().map(({ code }) => code),
    approved: (id: string) => state.nodes().find((one) => one.id === id)?.approved,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

test.each(generations)("a node approves its own PodCIDR, and no other's, on $version", async (facts) => {
  await using at = await start("node", facts);
  at.state.put(node("2", { available: ["10.244.2.0/24"] }));
  // Headscale hears of it a moment later.
  await at.clock.advance(1500);
  at.state.put(node("1", { available: ["10.244.1.0/24", "192.168.1.0/24"], approved: ["192.168.1.0/24"] }));
  await at.clock.advance(10_000);
  expect([at.approved("1"), at.approved("2")]).toEqual([["192.168.1.0/24", "10.244.1.0/24"], []]);
  expect(at.codes()).toEqual([]);
});

test("a node asks once, whatever happens on the tailnet, and again for another PodCIDR", async () => {
  await using at = await start("node");
  at.state.put(node("1", { available: ["10.244.1.0/24", "10.244.7.0/24"] }));
  await at.clock.advance(10_000);
  const asked = at.http.requests.length;
  for (let peers = 2; peers < 20; peers++) {
    at.tailnet.set(tailnetOf(peers));
    await at.clock.advance(1000);
  }
  expect(at.http.requests).toHaveLength(asked);
  at.assignment.set({ podCIDRs: parsePodCIDRs("10.244.7.0/24"), clusterCIDRs: [parsePrefix("10.244.0.0/16")] });
  at.state.put(node("1", { available: ["10.244.7.0/24"], approved: ["10.244.1.0/24"] }));
  await at.clock.advance(10_000);
  expect(at.approved("1")).toContain("10.244.7.0/24");
});

test("a node asks as soon as it knows its id, before the tailnet, and then not again", async () => {
  await using at = await start("node", generations[2], { kind: "needs-login", why: "" });
  at.state.put(node("1", { isOnline: false, available: ["10.244.2.0/24"] }));
  at.state.put(node("2", { isOnline: false, available: ["10.244.1.0/24"] }));
  await at.clock.advance(10_000);
  const calls = () => at.http.requests.map(({ method, path }) => `${method} ${path}`);
  // How it is to be asked: what that takes need not be waited for later.
  expect(calls()).toEqual(["GET /api/v1/node", "GET /api/v1/routes"]);
  at.ownId.set("2");
  await at.clock.advance(1000);
  expect([at.approved("1"), at.approved("2")]).toEqual([[], ["10.244.1.0/24"]]);
  const asked = at.http.requests.length;
  const self = tailnetOf(1);
  if (!("self" in self)) throw new Error("Not on the tailnet");
  at.tailnet.set({ ...self, self: { ...self.self, id: "2" } });
  at.ownId.set(undefined);
  await at.clock.advance(10_000);
  expect(at.http.requests).toHaveLength(asked);
});

test("a node says that another has its block, and does not take it", async () => {
  await using at = await start("node");
  at.state.put(node("2", { isOnline: false, approved: ["10.244.1.0/24"] }));
  at.state.put(node("1", { available: ["10.244.1.0/24"] }));
  await at.clock.advance(10_000);
  expect([at.codes(), at.approved("1")]).toEqual([["ApprovalOfHeldBlock"], []]);
});

test.each(["policy", "controller"])("a node asks Headscale nothing with approval: %s", async (approval) => {
  await using at = await start(approval);
  await at.clock.advance(600_000);
  expect(at.http.requests).toEqual([]);
});
