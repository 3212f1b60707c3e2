// What tailscaled lost, brought back over a real socket: in two halves, the second of which survives a kill.

import { expect, test } from "bun:test";
import { parseAddr } from "../../cidr/addr.ts";
import { parsePrefix } from "../../cidr/prefix.ts";
import { createSystem } from "../../sys/system.ts";
import { fakeClock, memoryLog, tempRoot, waitUntil } from "../../sys/testing.ts";
import type { TailnetDamage } from "../../tailnet/tailnet-damage.ts";
import { connectLocalApi } from "../local-api/local-api.ts";
import { loaded, loggedInPrefs, Node } from "../scenes.fixture.ts";
import { fakeSocket, fakeTailscaled, readyStatus } from "../testing.ts";
import { createHealer, finishLeftToggle } from "./healer.ts";

const damage: TailnetDamage = {
  hasLostChains: true,
  lostRoutes: [parsePrefix("10.244.2.0/24")],
  lostAddresses: [],
};
const signal = new AbortController().signal;
const toggleFile = "/var/lib/headcni/tailscale-toggle.json";

async function scene() {
  const stack = new AsyncDisposableStack();
  const root = stack.use(tempRoot());
  const fake = stack.use(await fakeTailscaled(root));
  fake.prefs = loggedInPrefs;
  const clock = fakeClock();
  const log = memoryLog();
  const system = { ...createSystem({ root: root.path }), clock, log };
  const api = stack.use(await connectLocalApi(system, fakeSocket));
  const healer = createHealer(system, () => undefined);
  const heal = async (lost = damage, mayReconnect = false, isShutOut = false) =>
    healer.heal(api, { damage: lost, isShutOut, prefs: await api.prefs(signal), mayReconnect }, signal);
  /** Of the prefs that were changed, in order. */
  const edits = () => fake.requests.flatMap(({ method, body }) => (method === "PATCH" ? [JSON.stringify(body)] : []));
  return { root, fake, clock, log, system, heal, edits, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const [off, on] = [1, 2].map((NetfilterMode) => JSON.stringify({ NetfilterMode, NetfilterModeSet: true }));
const [routesOff, routesOn] = [false, true].map((RouteAll) => JSON.stringify({ RouteAll, RouteAllSet: true }));

test("chains and routes are brought back by two halves each, and nothing is left on disk", async () => {
  await using at = await scene();
  expect(await at.heal()).toEqual({ conditions: [], retryAfterMs: 3000 });
  expect(at.edits()).toEqual([]);
  await at.clock.advance(3000);
  await at.heal();
  await at.heal();
  expect(at.edits()).toEqual([off ?? "", on ?? "", routesOff ?? "", routesOn ?? ""]);
  expect(at.fake.prefs).toEqual(loggedInPrefs);
  expect(at.root.exists(toggleFile)).toBe(false);
  expect(at.log.entries.map(({ message }) => message)).toEqual([
    "Had tailscaled write its chains anew: something had removed them",
    "Had tailscaled write its routes anew: something had removed them",
  ]);
});

test("a damage that two tries did not mend is a condition", async () => {
  await using at = await scene();
  const lost = { ...damage, lostRoutes: [] };
  const codes: (string | undefined)[] = [];
  for (const waitMs of [3000, 30_000, 60_000]) {
    codes.push((await at.heal(lost)).conditions[0]?.code);
    await at.clock.advance(waitMs);
  }
  codes.push((await at.heal(lost)).conditions[0]?.code);
  expect(codes).toEqual([undefined, undefined, "TailscaledDamaged", "TailscaledDamaged"]);
  expect((await at.heal({ ...lost, hasLostChains: false })).conditions).toEqual([]);
});

test("routes to peers' addresses are a condition, or brought back by leaving the tailnet for a moment where that is allowed", async () => {
  await using at = await scene();
  const lost = { ...damage, hasLostChains: false, lostRoutes: [], lostAddresses: [parseAddr("100.64.0.2")] };
  await at.heal(lost);
  await at.clock.advance(3000);
  const [first] = (await at.heal(lost)).conditions;
  expect(first?.text).toContain("the routes to 100.64.0.2 in table 52");
  expect(first?.text).toContain("tailscale.mayReconnect");
  expect(at.edits()).toEqual([]);
  await at.clock.advance(30_000);
  await at.heal(lost, true);
  const halves = [false, true].map((WantRunning) => JSON.stringify({ WantRunning, WantRunningSet: true }));
  expect(at.edits()).toEqual(halves);
  expect(at.root.exists(toggleFile)).toBe(false);
});

test("a node that reaches none has tailscaled ask the control server anew, and no damage is told of", async () => {
  await using at = await scene();
  const lost = { ...damage, hasLostChains: false, lostRoutes: [] };
  await at.heal(lost, true, true);
  await at.clock.advance(30_000);
  const { conditions } = await at.heal(lost, true, true);
  expect(at.edits()).toEqual([false, true].map((on) => JSON.stringify({ WantRunning: on, WantRunningSet: true })));
  expect(conditions).toEqual([]);
  expect(at.log.entries.at(-1)?.message).toContain("no other node was in reach");
});

test("a change that tailscaled refuses is a condition, and is not tried in a loop", async () => {
  await using at = await scene();
  at.fake.answer = ({ method }) => (method === "PATCH" ? { status: 500, body: "policy" } : undefined);
  await at.heal();
  await at.clock.advance(3000);
  const { conditions, retryAfterMs } = await at.heal({ ...damage, lostRoutes: [] });
  expect(conditions.map(({ code }) => code)).toEqual(["TailscaledDamaged"]);
  expect(retryAfterMs).toBe(30_000);
  expect(at.root.exists(toggleFile)).toBe(false);
});

test("a daemon that was killed between the halves finishes at its next start, or when it is taken out", async () => {
  await using at = await scene();
  at.fake.prefs = { ...loggedInPrefs, RouteAll: false };
  const left = JSON.stringify({ version: 1, socket: fakeSocket, routeAll: true });
  at.root.write(toggleFile, JSON.stringify({ version: 1, socket: fakeSocket, wantRunning: true }));
  at.fake.prefs = { ...at.fake.prefs, WantRunning: false };
  await finishLeftToggle(at.system, signal);
  expect(at.fake.prefs.WantRunning).toBe(true);
  at.root.write(toggleFile, left);
  await finishLeftToggle(at.system, signal);
  expect(at.fake.prefs.RouteAll).toBe(true);
  expect(at.root.exists(toggleFile)).toBe(false);
  await finishLeftToggle(at.system, signal);

  await using node = new Node();
  await using fake = await fakeTailscaled(node.root);
  fake.status = readyStatus();
  fake.prefs = { ...loggedInPrefs, RouteAll: false };
  node.root.write(toggleFile, left);
  node.run();
  await waitUntil("the second half is done", () => fake.prefs.RouteAll === true && !node.root.exists(toggleFile));
  await waitUntil("the PodCIDR is offered", () => String(fake.prefs.AdvertiseRoutes) === "10.244.1.0/24");
  // It was on before the first half: to take HeadCNI out does not turn it off.
  await node.agent.cleanUp({ isDryRun: false });
  expect(fake.prefs.RouteAll).toBe(true);

  // Nor does a configuration that wants no tailnet any more.
  node.root.write(toggleFile, JSON.stringify({ version: 1, socket: fakeSocket, netfilterMode: 2 }));
  fake.prefs = { ...fake.prefs, NetfilterMode: 1 };
  node.config.set(loaded({ enabled: false }));
  await waitUntil("it is finished first", () => fake.prefs.NetfilterMode === 2 && !node.root.exists(toggleFile));
});
