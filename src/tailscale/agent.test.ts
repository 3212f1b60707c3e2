// The agent against a tailscaled that is played over a real socket.

import { describe, expect, test } from "bun:test";
import { rmSync } from "node:fs";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import { fakeClock, waitUntil } from "../sys/testing.ts";
import { readPrefsRecord } from "./prefs/prefs-record.ts";
import {
  assigned,
  claimed,
  loaded,
  loggedInPrefs,
  Node,
  otherSocket,
  play,
  podCIDR,
  unixTable,
} from "./scenes.fixture.ts";
import { fakePeer, fakeSocket, fakeTailscaled, freshStatus, readyStatus } from "./testing.ts";

describe("the tailscale agent", () => {
  test("offers the PodCIDR, follows it, and pings peers it meets", () =>
    play([
      {
        when: "tailscaled is ready",
        does: ({ fake }) => {
          fake.status = readyStatus(fakePeer(2, { PrimaryRoutes: ["10.244.2.0/24"] }), fakePeer(3));
          fake.prefs = { ...loggedInPrefs, AdvertiseRoutes: ["192.168.0.0/24"] };
        },
        asks: ["PATCH prefs", "POST ping?type=disco&ip=100.64.0.2"],
        state: "ready",
      },
      {
        when: "a peer begins to serve",
        does: ({ fake }) => {
          fake.status = readyStatus(
            fakePeer(2, { PrimaryRoutes: ["10.244.2.0/24"] }),
            fakePeer(3, { PrimaryRoutes: ["10.244.3.0/24"] }),
          );
          fake.notify();
        },
        asks: ["POST ping?type=disco&ip=100.64.0.3"],
        state: "ready",
      },
      {
        when: "the PodCIDR changes",
        does: ({ node }) => node.assignment.set(assigned("10.244.7.0/24")),
        asks: ["PATCH prefs"],
        state: "ready",
      },
      {
        when: "another program sets the routes",
        does: ({ fake }) => {
          expect(fake.prefs.AdvertiseRoutes).toEqual(["192.168.0.0/24", "10.244.7.0/24"]);
          fake.prefs = { ...fake.prefs, AdvertiseRoutes: null };
          fake.notify();
        },
        asks: ["PATCH prefs"],
        state: "ready",
      },
      {
        when: "ours are back",
        does: async ({ node, fake }) => {
          expect(fake.prefs.AdvertiseRoutes).toEqual(["10.244.7.0/24"]);
          const recorded = () => readPrefsRecord(node.system.files)?.advertised;
          await waitUntil("the record follows", () => recorded()?.length === 1);
          expect(recorded()).toEqual(["10.244.7.0/24"]);
        },
        state: "ready",
      },
    ]));

  test("raises what keeps it from the tailnet, and no more once it is over", () =>
    play([
      {
        when: "stopped",
        does: ({ fake }) => {
          fake.status = { ...readyStatus(), BackendState: "Stopped" };
          fake.prefs = { ...loggedInPrefs, AdvertiseRoutes: [podCIDR] };
        },
        state: "stopped",
        raises: ["TailscaleStopped"],
      },
      {
        when: "started, without a network map",
        does: ({ fake }) => {
          fake.status = { ...readyStatus(), BackendState: "Starting", Self: fakePeer(1, { InNetworkMap: false }) };
          fake.notify();
        },
        state: "starting",
        raises: ["TailscaleControlUnreachable"],
      },
      {
        when: "running in its own words, not online",
        does: ({ fake }) => {
          fake.status = { ...readyStatus(), Self: fakePeer(1, { Online: false }) };
          fake.notify();
        },
        state: "offline",
        raises: ["TailscaleControlUnreachable"],
      },
      {
        when: "online, but nothing comes from the control server",
        does: ({ fake }) => {
          const Health = ["Tailscale hasn't received a network map from the coordination server in 2m6s."];
          fake.status = { ...readyStatus(), Health };
          fake.notify();
        },
        state: "ready",
        raises: ["TailscaleControlUnreachable"],
      },
      {
        when: "online, but the session with the control server is cut",
        does: ({ fake }) => {
          const Health = [
            "Unable to connect to the Tailscale coordination server to synchronize the state of your tailnet.",
          ];
          fake.status = { ...readyStatus(), Health };
          fake.notify();
        },
        state: "ready",
        raises: ["TailscaleControlUnreachable"],
      },
      {
        when: "the control server itself tells of a fault",
        does: ({ fake }) => {
          const expiry = "The coordination server is reporting a health issue: this node's key expires in 3 days";
          const filter = "The coordination server sent an invalid packet filter permitting traffic to unlocked nodes";
          fake.status = { ...readyStatus(), Health: [expiry, filter] };
          fake.notify();
        },
        state: "ready",
      },
      {
        when: "ready",
        does: ({ fake }) => {
          fake.status = readyStatus();
          fake.notify();
        },
        state: "ready",
      },
      {
        when: "too old, and without a device",
        does: ({ fake }) => {
          fake.status = { ...readyStatus(), Version: "1.78.1-t123", TUN: false };
          fake.notify();
        },
        state: "ready",
        raises: ["TailscaleTooOld", "TailscaleWithoutTun"],
      },
      {
        when: "an operator shields the node",
        does: ({ fake }) => {
          fake.status = readyStatus();
          fake.prefs = { ...fake.prefs, ShieldsUp: true };
          fake.notify();
        },
        state: "ready",
        raises: ["TailscaleShieldsUp"],
      },
      {
        when: "an operator shields it no more",
        does: ({ fake }) => {
          expect(fake.prefs.ShieldsUp).toBe(true);
          fake.prefs = { ...fake.prefs, ShieldsUp: false };
          fake.notify();
        },
        state: "ready",
      },
      {
        when: "logged out",
        does: ({ fake }) => {
          fake.status = freshStatus;
          fake.notify();
        },
        state: "needs-login",
        raises: ["TailscaleNeedsLogin"],
      },
    ]));

  test("notices that tailscaled goes and comes back", () =>
    play([
      {
        when: "ready",
        does: ({ fake }) => {
          fake.status = readyStatus();
          fake.prefs = loggedInPrefs;
        },
        asks: ["PATCH prefs"],
        state: "ready",
      },
      { when: "killed", does: ({ fake }) => fake.stop(), state: "absent", raises: ["TailscaledAbsent"] },
      { when: "started", does: ({ fake }) => fake.start(), state: "ready" },
      {
        when: "stopped, with its socket",
        does: ({ fake }) => fake.stop("remove"),
        state: "absent",
        raises: ["TailscaledAbsent"],
      },
      { when: "started again", does: ({ fake }) => fake.start(), state: "ready" },
      {
        when: "the bus is cut, and a peer comes meanwhile",
        does: ({ fake }) => {
          fake.cutBuses();
          fake.status = readyStatus(fakePeer(2, { PrimaryRoutes: ["10.244.2.0/24"] }));
        },
        asks: ["POST ping?type=disco&ip=100.64.0.2"],
        state: "ready",
      },
    ]));

  test("says nothing on a node that has no tailscaled, unless it is asked for", () =>
    play([
      { when: "none", does: ({ fake }) => fake.stop("remove"), state: "absent" },
      {
        when: "wanted",
        does: ({ node }) => node.config.set(loaded({ enabled: true })),
        state: "absent",
        raises: ["TailscaledAbsent"],
      },
      { when: "not wanted", does: ({ node }) => node.config.set(loaded({ enabled: false })), state: "absent" },
    ]));

  test("takes no other program for tailscaled", () =>
    play([
      {
        when: "it answers something else",
        does: ({ node, fake }) => {
          node.config.set(loaded({ enabled: true }));
          fake.answer = () => ({ status: 200, body: ["hello"] });
        },
        state: "absent",
        raises: ["TailscaledAbsent"],
      },
      {
        when: "it lets nobody read",
        does: ({ node, fake }) => {
          fake.answer = () => ({ status: 403, body: "status access denied" });
          node.agent.wake("test");
        },
        state: "absent",
        raises: ["TailscaleAccessDenied"],
      },
    ]));

  test("says which call a tailscaled refuses that is there", async () => {
    await using node = new Node();
    await using fake = await fakeTailscaled(node.root);
    const said = async (text: string): Promise<void> => {
      await waitUntil(text, () => node.raised.some((raised) => raised.text.includes(text)));
      expect([node.tailnet.value?.kind, ...node.codes()]).toEqual(["starting", "TailscaleCallRefused"]);
    };
    fake.status = readyStatus();
    fake.prefs = { ...loggedInPrefs, AdvertiseRoutes: [podCIDR] };
    const left = { version: 1, socket: fakeSocket, routeAll: true };
    node.root.write("/var/lib/headcni/tailscale-toggle.json", JSON.stringify(left));
    fake.answer = ({ method }) => (method === "PATCH" ? { status: 500, body: { Error: "disk full" } } : undefined);
    node.run();
    await said(`Cannot PATCH /localapi/v0/prefs of ${fakeSocket}: it answered 500: disk full`);
    fake.answer = ({ path }) => (path === "status" ? { status: 500, body: "boom" } : undefined);
    fake.notify();
    await said(`Cannot GET /localapi/v0/status of ${fakeSocket}: it answered 500: boom`);
    fake.answer = () => undefined;
    node.agent.wake("test");
    await waitUntil("ready", () => node.tailnet.value?.kind === "ready" && node.codes().length === 0);
  });

  test("takes back what it set when it is not to be used", () =>
    play([
      {
        when: "ready, with filtering on and routes not accepted",
        does: ({ fake }) => {
          fake.status = readyStatus();
          fake.prefs = {
            ...loggedInPrefs,
            RouteAll: false,
            NoStatefulFiltering: false,
            AdvertiseRoutes: ["192.168.0.0/24"],
          };
        },
        asks: ["PATCH prefs"],
        state: "ready",
      },
      {
        when: "turned off",
        does: ({ node, fake }) => {
          expect(fake.prefs).toEqual({ ...loggedInPrefs, AdvertiseRoutes: ["192.168.0.0/24", podCIDR] });
          node.config.set(loaded({ enabled: false }));
        },
        asks: ["PATCH prefs"],
        state: "absent",
      },
      {
        when: "all is as it was",
        does: async ({ node, fake }) => {
          await waitUntil("the record goes", () => readPrefsRecord(node.system.files) === undefined);
          expect(fake.prefs).toMatchObject({
            RouteAll: false,
            NoStatefulFiltering: false,
            AdvertiseRoutes: ["192.168.0.0/24"],
          });
        },
        state: "absent",
      },
    ]));

  test("offers a guess as the claim to it says, in force or not", () =>
    play([
      {
        when: "there is no claim yet",
        does: ({ node, fake }) => {
          node.assignment.set({ ...assigned(podCIDR, true), current: undefined });
          fake.prefs = { ...loggedInPrefs, AdvertiseRoutes: ["192.168.0.0/24"] };
          fake.status = readyStatus();
        },
        state: "ready",
      },
      {
        when: "claimed",
        does: ({ node }) => node.claims.set(claimed(podCIDR, true)),
        asks: ["PATCH prefs"],
        state: "ready",
      },
      {
        when: "given up",
        does: ({ node, fake }) => {
          expect(fake.prefs.AdvertiseRoutes).toEqual(["192.168.0.0/24", podCIDR]);
          node.claims.set(claimed(podCIDR, false));
        },
        asks: ["PATCH prefs"],
        state: "ready",
      },
      {
        when: "the claim is to another",
        does: ({ node, fake }) => {
          expect(fake.prefs.AdvertiseRoutes).toEqual(["192.168.0.0/24"]);
          node.claims.set(claimed("10.244.7.0/24", true));
        },
        state: "ready",
      },
      {
        when: "it is assigned after all",
        does: ({ node }) => node.assignment.set(assigned(podCIDR)),
        asks: ["PATCH prefs"],
        state: "ready",
      },
    ]));

  test("tells what peers offer, soon while a claim is judged", async () => {
    await using node = new Node();
    await using fake = await fakeTailscaled(node.root);
    fake.prefs = loggedInPrefs;
    fake.status = readyStatus(fakePeer(2));
    fake.peersRoutes = { 2: ["10.244.2.0/24"] };
    const offered = () => {
      const tailnet = node.tailnet.value;
      return tailnet !== undefined && "self" in tailnet ? tailnet.peers[0]?.advertisedRoutes?.join() : undefined;
    };
    node.run();
    await waitUntil("it is told", () => offered() === "10.244.2.0/24");
    fake.peersRoutes = { 2: ["10.244.3.0/24"] };
    node.claims.set({ claim: undefined, taken: [], isProbing: true });
    await waitUntil("the next one is, without a message", () => offered() === "10.244.3.0/24");
  });

  test("offers nothing new until it is in force", () =>
    play([
      {
        when: "adopted",
        does: ({ node, fake }) => {
          node.assignment.set({ ...assigned(podCIDR), current: undefined });
          fake.prefs = loggedInPrefs;
          fake.status = readyStatus();
        },
        state: "ready",
      },
      {
        when: "in force",
        does: ({ node }) => node.assignment.set(assigned(podCIDR)),
        asks: ["PATCH prefs"],
        state: "ready",
      },
    ]));

  test("says who may write when it may not", () =>
    play([
      {
        when: "prefs are denied",
        does: ({ fake }) => {
          fake.status = readyStatus();
          fake.prefs = loggedInPrefs;
          fake.answer = ({ method }) =>
            method === "PATCH" ? { status: 403, body: "prefs write access denied" } : undefined;
        },
        asks: ["PATCH prefs"],
        state: "ready",
        raises: ["TailscaleAccessDenied"],
      },
    ]));

  test("says that two share a network namespace, unless one has no device", () =>
    play([
      {
        when: "another listens, which cannot be asked",
        does: ({ node, fake }) => {
          fake.status = readyStatus();
          fake.prefs = { ...loggedInPrefs, AdvertiseRoutes: [podCIDR] };
          node.root.write("/proc/net/unix", unixTable(fakeSocket, otherSocket));
        },
        state: "ready",
        raises: ["TailscaledsCompete"],
      },
      {
        when: "it turns out to have no device",
        does: async ({ node, fake }) => {
          const other = await fakeTailscaled(node.root, otherSocket);
          node.others.push(other);
          other.status = { ...readyStatus(), TUN: false };
          fake.notify();
        },
        state: "ready",
      },
      {
        when: "it has one",
        does: ({ node, fake }) => {
          for (const other of node.others) other.status = readyStatus();
          fake.notify();
        },
        state: "ready",
        raises: ["TailscaledsCompete"],
      },
    ]));

  test("changes nothing that it cannot record", () =>
    play([
      {
        when: "the state's folder cannot be made",
        does: ({ node, fake }) => {
          fake.status = readyStatus();
          fake.prefs = loggedInPrefs;
          node.root.write("/var/lib/headcni", "a file");
        },
        state: "ready",
        raises: ["TailscalePrefsNotRecorded"],
      },
      {
        when: "it can",
        does: ({ node, fake }) => {
          rmSync(`${node.root.path}/var/lib/headcni`);
          fake.notify();
        },
        asks: ["PATCH prefs"],
        state: "ready",
      },
    ]));

  test("takes back what it set in the tailscaled of an earlier configuration", () =>
    play([
      {
        when: "another socket is configured",
        does: async ({ node, fake }) => {
          const other = await fakeTailscaled(node.root, otherSocket);
          node.others.push(other);
          other.status = readyStatus();
          other.prefs = { ...loggedInPrefs, AdvertiseRoutes: [podCIDR] };
          const record = { version: 1, socket: otherSocket, advertised: [podCIDR], before: {} };
          node.root.write("/var/lib/headcni/tailscale.json", JSON.stringify(record), 0o600);
          fake.status = readyStatus();
          fake.prefs = loggedInPrefs;
        },
        asks: ["PATCH prefs"],
        state: "ready",
      },
      {
        when: "the other has nothing of ours",
        does: ({ node }) => expect(node.others[0]?.prefs.AdvertiseRoutes).toEqual([]),
        state: "ready",
      },
    ]));

  test("says nothing of a tailscaled that is not wanted any more and gone", () =>
    play([
      {
        when: "gone",
        does: async ({ node, fake }) => {
          await fake.stop("remove");
          node.config.set(loaded({ enabled: false }));
          const record = { version: 1, socket: fakeSocket, advertised: [podCIDR], before: {} };
          node.root.write("/var/lib/headcni/tailscale.json", JSON.stringify(record), 0o600);
        },
        state: "absent",
      },
      {
        when: "back",
        does: ({ fake }) => {
          fake.status = readyStatus();
          fake.prefs = { ...loggedInPrefs, AdvertiseRoutes: [podCIDR] };
          return fake.start();
        },
        asks: ["PATCH prefs"],
        state: "absent",
      },
    ]));

  test("does not race with a program that sets the prefs back", async () => {
    await using node = new Node();
    await using fake = await fakeTailscaled(node.root);
    fake.status = readyStatus();
    fake.prefs = loggedInPrefs;
    const states: number[] = [];
    fake.answer = ({ method }) => {
      if (method !== "PATCH") return undefined;
      states.push(node.system.clock.monotonicMs());
      // It is taken, and set back at once.
      fake.notify();
      return { status: 200, body: fake.prefs };
    };
    node.run();
    await waitUntil("it was tried", () => states.length > 0);
    for (let round = 0; round < 5; round++) {
      const asked = fake.requests.length;
      fake.notify();
      await waitUntil("it has looked", () => fake.requests.length >= asked + 2);
    }
    // Two seconds is the first pause, and a busy machine may have taken as long.
    const tookMs = node.system.clock.monotonicMs() - (states[0] ?? 0);
    expect(states.length).toBeLessThanOrEqual(1 + Math.floor(tookMs / 1000));
    expect(node.codes()).toEqual(["TailscalePrefsRefused"]);
  });

  test("sets what it can when a part is refused or taken back", () =>
    play([
      {
        when: "routes are refused, and filtering stays on",
        does: ({ fake }) => {
          fake.status = readyStatus();
          fake.prefs = { ...loggedInPrefs, RouteAll: false, NoStatefulFiltering: false };
          fake.answer = ({ method, body }) => {
            if (method !== "PATCH") return undefined;
            if (typeof body === "object" && body !== null && "AdvertiseRoutes" in body)
              return { status: 400, body: { Error: "not here" } };
            return "NoStatefulFiltering" in (body as object) ? { status: 200, body: fake.prefs } : undefined;
          };
        },
        asks: ["PATCH prefs", "PATCH prefs", "PATCH prefs", "PATCH prefs"],
        state: "ready",
        raises: ["TailscaleStatefulFiltering", "TailscalePrefsRefused"],
      },
    ]));
});

test("cleanUp() withdraws our route with another daemon's record", async () => {
  await using node = new Node();
  await using fake = await fakeTailscaled(node.root);
  fake.status = readyStatus();
  fake.prefs = { ...loggedInPrefs, AdvertiseRoutes: [podCIDR, "10.9.0.0/16"] };
  const record = { version: 1, socket: fakeSocket, advertised: [podCIDR], before: { routeAll: false } };
  node.root.write("/var/lib/headcni/tailscale.json", JSON.stringify(record), 0o600);
  await node.agent.cleanUp({ isDryRun: false });
  expect(fake.prefs).toMatchObject({ AdvertiseRoutes: ["10.9.0.0/16"], RouteAll: false });
  expect(readPrefsRecord(node.system.files)).toBeUndefined();
  await node.agent.cleanUp({ isDryRun: false });
  expect(fake.changes()).toEqual(["PATCH prefs"]);
});

test("the first step does not wait for a tailscaled that hangs", async () => {
  const clock = fakeClock();
  await using node = new Node({ clock });
  await using fake = await fakeTailscaled(node.root);
  const asked = Promise.withResolvers<void>();
  fake.answer = () => {
    asked.resolve();
    return "nothing";
  };
  const once = node.agent.once(new AbortController().signal, Promise.resolve());
  await asked.promise;
  await clock.advance(2000);
  await once;
  expect(node.tailnet.value).toBeUndefined();
});

test("the first step asks as soon as the PodCIDR is in force, whatever the agents before it still do", async () => {
  await using node = new Node();
  await using fake = await fakeTailscaled(node.root);
  fake.status = readyStatus();
  fake.prefs = loggedInPrefs;
  const never = Promise.withResolvers<void>().promise;
  node.assignment.set({ ...assigned("10.244.1.0/24"), current: undefined });
  const once = node.agent.once(new AbortController().signal, never);
  await Bun.sleep(20);
  expect(fake.requests).toEqual([]);
  node.assignment.set(assigned("10.244.1.0/24"));
  await once;
  expect(fake.prefs.AdvertiseRoutes).toEqual(["10.244.1.0/24"]);
});

describe("the first step, where tailscaled is to be logged in", () => {
  const never = Promise.withResolvers<void>().promise;
  const login = { server: "https://hs.example.com", authKeyFile: "/etc/headcni/key", hostname: undefined };

  test.each<[string, (node: Node, clock: ReturnType<typeof fakeClock>) => unknown]>([
    ["the bridge has the gateway", ({ held, assignment }) => held.set(assignment.value?.podCIDRs)],
    ["that takes long", (_node, clock) => clock.advance(500)],
  ])("asks once the PodCIDR is in force and %s", async (_what, does) => {
    const clock = fakeClock();
    await using node = new Node({ clock });
    await using fake = await fakeTailscaled(node.root);
    node.root.write(login.authKeyFile, "key-1\n", 0o600);
    node.config.set(loaded({ login }));
    const once = node.agent.once(new AbortController().signal, never);
    node.held.set(parsePodCIDRs("10.244.9.0/24"));
    await Bun.sleep(20);
    expect(fake.requests).toEqual([]);
    await does(node, clock);
    await once;
    expect(fake.changes()).toEqual(["POST start", "POST login-interactive"]);
  });

  test("does not wait for a bridge that a guess gets only on the tailnet", async () => {
    await using node = new Node({ clock: fakeClock() });
    await using fake = await fakeTailscaled(node.root);
    node.root.write(login.authKeyFile, "key-1\n", 0o600);
    node.config.set(loaded({ login }));
    node.assignment.set(assigned(podCIDR, true));
    await node.agent.once(new AbortController().signal, never);
    expect(fake.changes()).toEqual(["POST start", "POST login-interactive"]);
  });
});

test("tells the node's id before the tailnet, as the bus does, until there is one", async () => {
  await using node = new Node();
  await using fake = await fakeTailscaled(node.root);
  node.run();
  await waitUntil("the bus is open", () => fake.buses.length === 1 && node.tailnet.value?.kind === "needs-login");
  fake.notify({ SelfChange: { ID: 3, StableID: "3" } });
  await waitUntil("the id is known", () => node.ownId.value === "3");
  fake.cutBuses();
  await waitUntil("it is not, once messages may have been missed", () => node.ownId.value === undefined);
  await waitUntil("the bus is open again", () => fake.buses.length === 1);
  fake.notify({ SelfChange: { ID: 1, StableID: "1" } });
  await waitUntil("it is known anew", () => node.ownId.value === "1");
  fake.status = readyStatus();
  fake.prefs = loggedInPrefs;
  fake.notify();
  await waitUntil("the tailnet has it", () => node.tailnet.value?.kind === "ready");
  expect(node.ownId.value).toBeUndefined();
  fake.notify({ SelfChange: { ID: 1, StableID: "1" } });
  fake.status = { ...readyStatus(), BackendState: "Stopped" };
  fake.notify();
  await waitUntil("what comes after it is seen", () => node.tailnet.value?.kind !== "ready");
  expect(node.ownId.value).toBeUndefined();
});
