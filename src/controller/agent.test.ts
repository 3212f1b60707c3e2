import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createConditionStore } from "../agent/condition-store.ts";
import { createLatest } from "../agent/latest.ts";
import type { LoadedConfig } from "../config/config.ts";
import { loadConfig } from "../config/load.ts";
import { generations } from "../headscale/generations.fixture.ts";
import { createFakeHeadscale, type FakeNode, type MemoryState, memoryState } from "../headscale/testing.ts";
import { connectionError, type FakeHttp, fakeHttp } from "../sys/net/testing.ts";
import { createSystem, type System } from "../sys/system.ts";
import {
  type FakeClock,
  fakeClock,
  memoryLog,
  seededRandom,
  type TempRoot,
  tempRoot,
  testSystem,
  waitUntil,
} from "../sys/testing.ts";
import { fakeTailscaled, readyStatus } from "../tailscale/testing.ts";
import { createControllerAgent } from "./agent.ts";

const startMs = Date.UTC(2026, 5, 1);
const day = 86_400_000;
/** On a machine that has much else to do; a poll would come after a minute. */
const patienceMs = 25_000;
const configText = `network: { podCIDR: { base: 10.244.0.0/16 } }
tailscale: { nodeTags: "tag:k8s-node" }
headscale: { approval: controller, url: http://headscale.example, apiKeyFile: /etc/headcni/key, MORE }
`;

let root: TempRoot;
let state: MemoryState;
let keys: readonly string[];
let isUp: boolean;
/** Whether an approval on this path fails. */
let refuses: (path: string) => boolean;
let http: FakeHttp;
let clock: FakeClock;

function nodeOf(id: number, parts: Partial<FakeNode> = {}): FakeNode {
  const available = [`10.244.${id}.0/24`];
  return {
    id: String(id),
    name: `node-${id}`,
    tags: ["tag:k8s-node"],
    isOnline: true,
    available,
    approved: [],
    ...parts,
  };
}
const approvedOf = (id: number) => state.nodes().find((node) => node.id === String(id))?.approved;
const lists = () =>
  http.requests.filter(
    ({ method, path, headers }) => method === "GET" && path === "/api/v1/node" && headers.authorization !== undefined,
  ).length;

beforeEach(() => {
  root = tempRoot();
  root.write("/etc/headcni/key", "k-1\n", 0o600);
  keys = ["k-1"];
  isUp = true;
  refuses = () => false;
  state = memoryState();
  clock = fakeClock(startMs);
  const facts = generations[2];
  if (facts === undefined) throw new Error("No facts");
  const fake = createFakeHeadscale({ facts, state, keys: () => keys });
  http = fakeHttp((request) => {
    if (!isUp) throw connectionError("ECONNREFUSED");
    if (request.method === "POST" && refuses(request.path)) {
      return { status: 500, json: { code: 2, message: "attempt to write a readonly database", details: [] } };
    }
    return fake(request);
  });
});
afterEach(() => root[Symbol.dispose]());

interface Controller extends AsyncDisposable {
  readonly agent: ReturnType<typeof createControllerAgent>;
  codes(): readonly string[];
  text(code: string): string | undefined;
}

async function start(more = "pollInterval: 5s", parts: Partial<System> = {}): Promise<Controller> {
  // Loaded by the first call otherwise, which takes time that the clock does not know of.
  await Promise.all([
    import("../headscale/rest/calls.ts"),
    import("../headscale/approval/change-approvals.ts"),
    import("../sys/net/http-client.ts"),
  ]);
  root.write("/etc/headcni/config.yaml", configText.replace("MORE", more));
  const system = testSystem(root, { http, clock, log: memoryLog(), random: seededRandom(3), ...parts });
  const conditions = createConditionStore(system);
  const config = createLatest<LoadedConfig | undefined>(await loadConfig(system));
  const agent = createControllerAgent(system, { conditions, config, record: () => undefined });
  const stop = new AbortController();
  await agent.once(stop.signal, Promise.resolve());
  const running = agent.run(stop.signal, Promise.resolve());
  return {
    agent,
    codes: () => conditions.list().map(({ code }) => code),
    text: (code) => conditions.list().find((one) => one.code === code)?.text,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await running;
    },
  };
}

/** Lets the controller live for so long. */
async function live(ms: number): Promise<void> {
  await clock.advance(ms);
}

describe("the controller", () => {
  test("approves what is offered within a poll, and nothing else", async () => {
    await using controller = await start();
    expect(controller.agent.status().notReady).toContain("not listed");
    await live(1000);
    state.put(nodeOf(1, { available: ["10.244.1.0/24", "192.168.1.0/24"] }));
    state.put(nodeOf(2, { tags: [] }));
    await live(6000);
    expect([approvedOf(1), approvedOf(2)]).toEqual([["10.244.1.0/24"], []]);
    expect(controller.codes()).toEqual(["ApprovalWithoutTag"]);
    const { notReady, document, samples } = controller.agent.status();
    expect(notReady).toBeUndefined();
    expect(document).toMatchObject({ nodes: 2, withPodCIDR: 1, hearsOfChanges: false });
    expect(samples.filter(({ value }) => value > 0)).toMatchObject([{ value: 1, labels: { reason: "no-tag" } }]);
  });

  test("polls as often as it is told, whatever the number of nodes", async () => {
    for (let id = 1; id <= 50; id++) state.put(nodeOf(id, { approved: [`10.244.${id}.0/24`] }));
    await using _controller = await start("pollInterval: 10s");
    await live(60_000);
    expect(lists()).toBeWithin(6, 8);
  });

  test("two of them do no harm", async () => {
    await using _one = await start();
    await using _two = await start();
    for (let id = 1; id <= 8; id++)
      state.put(nodeOf(id, { available: [`10.244.${id % 4}.0/24`], approved: ["192.168.0.0/16"] }));
    await live(12_000);
    const holders = state.nodes().flatMap(({ id, approved }) => (approved.length > 1 ? [Number(id)] : []));
    expect(holders).toEqual([1, 2, 3, 4]);
    expect(state.nodes().every(({ approved }) => approved[0] === "192.168.0.0/16")).toBe(true);
  });

  test("says that its key was revoked, and goes on with the next at once", async () => {
    await using controller = await start();
    await live(1000);
    keys = ["k-2"];
    state.put(nodeOf(1));
    await live(10_000);
    expect(controller.codes()).toEqual(["HeadscaleKeyRefused"]);
    expect(controller.text("HeadscaleKeyRefused")).toContain("headscale apikeys create");
    root.write("/etc/headcni/key", "k-2\n", 0o600);
    await live(61_000);
    expect([controller.codes(), approvedOf(1)]).toEqual([[], ["10.244.1.0/24"]]);
  });

  test("refuses a key that others may read", async () => {
    await using controller = await start("pollInterval: 5s");
    await live(1000);
    expect(controller.codes()).not.toContain("HeadscaleKeyRefused");
    root.write("/etc/headcni/key", "k-1\n");
    (await import("node:fs")).chmodSync(`${root.path}/etc/headcni/key`, 0o640);
    await live(61_000);
    expect(controller.text("HeadscaleSettingsUnusable")).toContain("chmod 0600");
  });

  test("outlives a Headscale that goes and comes back", async () => {
    await using controller = await start();
    await live(1000);
    isUp = false;
    state.put(nodeOf(1));
    await live(60_000);
    expect(controller.codes()).toEqual(["HeadscaleUnreachable"]);
    expect(controller.agent.stuck()).toBeUndefined();
    isUp = true;
    await live(70_000);
    expect([controller.codes(), approvedOf(1)]).toEqual([[], ["10.244.1.0/24"]]);
  });

  test("lists what is stale, and takes nothing back by itself", async () => {
    state.put(
      nodeOf(1, { isOnline: false, lastSeenMs: startMs - 30 * day, approved: ["10.244.1.0/24", "192.168.1.0/24"] }),
    );
    await using controller = await start();
    await live(900_000);
    expect(controller.codes()).toEqual(["ApprovalsStale"]);
    expect(controller.text("ApprovalsStale")).toContain(
      "10.244.1.0/24 of node-1 (1), which is offline since 2026-05-02",
    );
    expect(approvedOf(1)).toHaveLength(2);
  });

  test("takes back what is stale where it is told to, once it has seen that for itself", async () => {
    state.put(
      nodeOf(1, { isOnline: false, lastSeenMs: startMs - 30 * day, approved: ["10.244.1.0/24", "192.168.1.0/24"] }),
    );
    state.put(nodeOf(2, { isOnline: false, lastSeenMs: startMs - day, approved: ["10.244.2.0/24"] }));
    await using _controller = await start("reclaimAfter: 7d");
    await live(500_000);
    expect(approvedOf(1)).toHaveLength(2);
    // What was seen before Headscale was away does not count.
    isUp = false;
    await live(60_000);
    isUp = true;
    await live(400_000);
    expect(approvedOf(1)).toHaveLength(2);
    await live(400_000);
    expect([approvedOf(1), approvedOf(2)]).toEqual([["192.168.1.0/24"], ["10.244.2.0/24"]]);
  });

  test("says what Headscale itself does not approve, and approves of the others", async () => {
    state.put(nodeOf(1));
    state.put(nodeOf(2));
    refuses = (path) => path.includes("/1/");
    await using controller = await start();
    await live(6000);
    expect([controller.codes(), approvedOf(1), approvedOf(2)]).toEqual([["ApprovalFailed"], [], ["10.244.2.0/24"]]);
    expect(controller.text("ApprovalFailed")).toContain(
      "10.244.1.0/24 of node-1 (1): it answered 500: attempt to write a readonly database",
    );
    refuses = () => false;
    await live(70_000);
    expect([controller.codes(), approvedOf(1)]).toEqual([[], ["10.244.1.0/24"]]);
  });

  test("gives what it took back to the node that offers it now, and not to its former holder again", async () => {
    const available = ["10.244.1.0/24"];
    state.put(nodeOf(1, { isOnline: false, lastSeenMs: startMs - 30 * day, available, approved: available }));
    state.put(nodeOf(2, { available }));
    await using controller = await start("pollInterval: 5s, reclaimAfter: 7d");
    await live(1_000_000);
    expect([approvedOf(1), approvedOf(2), controller.codes()]).toEqual([[], available, []]);
  });

  test("does not start without knowing what it may approve", async () => {
    root.write("/etc/headcni/config.yaml", "headscale: { approval: controller }\n");
    const system = testSystem(root, { http, clock });
    const config = createLatest<LoadedConfig | undefined>(await loadConfig(system));
    const agent = createControllerAgent(system, {
      conditions: createConditionStore(system),
      config,
      record: () => undefined,
    });
    const { signal } = new AbortController();
    const error = await agent.once(signal, Promise.resolve()).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      issues: ["network.podCIDR.base", "tailscale.nodeTags", "headscale.url", "headscale.apiKeyFile"].map((path) => ({
        path,
      })),
    });
  });
});

describe("beside a tailscaled", () => {
  test("it asks when a peer offers something else, long before it would by itself", async () => {
    await using tailscaled = await fakeTailscaled(root);
    tailscaled.status = readyStatus();
    const real = createSystem({ root: root.path });
    const either: System["http"] = {
      connect: (target, options) => (target.kind === "unix" ? real.http : http).connect(target, options),
    };
    await using controller = await start("pollInterval: 60s", { http: either, clock: real.clock });
    await waitUntil("it hears", () => controller.agent.status().document.hearsOfChanges === true, patienceMs);
    await waitUntil("it has asked", () => lists() > 0, patienceMs);
    const before = lists();
    const maps = () => tailscaled.requests.filter(({ path }) => path.endsWith("mask=8")).length;
    const readBefore = maps();
    tailscaled.notify({ Engine: {} });
    await waitUntil("it has looked", () => maps() > readBefore, patienceMs);
    expect(lists()).toBe(before);
    state.put(nodeOf(1));
    tailscaled.peersRoutes = { "1": ["10.244.1.0/24"] };
    tailscaled.notify({ PeersChanged: [] });
    await waitUntil("it approves", () => approvedOf(1)?.length === 1, patienceMs);
    await tailscaled.stop("remove");
    await waitUntil("it polls", () => controller.agent.status().document.hearsOfChanges === false, patienceMs);
  });
});
