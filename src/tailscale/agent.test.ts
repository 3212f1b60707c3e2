// The agent against a tailscaled that is played over a real socket: phases as data, what happens in, requests and conditions out.

import { describe, expect, test } from "bun:test";
import type { Agent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import type { Condition } from "../agent/conditions.ts";
import { createLatest } from "../agent/latest.ts";
import { parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Config, LoadedConfig } from "../config/config.ts";
import { defaultConfig } from "../config/defaults.ts";
import type { System } from "../sys/system.ts";
import { fakeClock, memoryLog, type TempRoot, tempRoot, testSystem, waitUntil } from "../sys/testing.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import type { AdvertisedAssignment } from "./advertise.ts";
import { createTailscaleAgent } from "./agent.ts";
import { readPrefsRecord } from "./prefs/prefs-record.ts";
import {
  type FakeTailscaled,
  fakePeer,
  fakeSocket,
  fakeTailscaled,
  freshPrefs,
  freshStatus,
  readyStatus,
} from "./testing.ts";

const podCIDR = "10.244.1.0/24";
const loggedInPrefs = {
  ...freshPrefs,
  ControlURL: "https://hs.example.com",
  WantRunning: true,
  LoggedOut: false,
  RouteAll: true,
};
const key = "hskey-auth-abcdefghijkl-0123456789abcdef";

function assigned(podCIDRs: string, isGuess = false): AdvertisedAssignment {
  const parsed = parsePodCIDRs(podCIDRs);
  return { podCIDRs: parsed, isGuess, current: { podCIDRs: parsed } };
}

function loaded(tailscale: Partial<Config["tailscale"]> = {}): LoadedConfig {
  const config = { ...defaultConfig, tailscale: { ...defaultConfig.tailscale, ...tailscale } };
  return { config, file: undefined, hostFile: "/etc/headcni/config.yaml", origins: new Map(), warnings: [] };
}

/** An agent that runs on a node, with everything it is told and says. */
class Node {
  readonly root: TempRoot = tempRoot();
  readonly log = memoryLog();
  readonly system: System;
  readonly config = createLatest<LoadedConfig | undefined>(loaded());
  readonly assignment = createLatest<AdvertisedAssignment | undefined>(assigned(podCIDR));
  readonly tailnet = createLatest<Tailnet | undefined>(undefined);
  raised: readonly Condition[] = [];
  readonly agent: Agent;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: Partial<System> = {}) {
    this.system = testSystem(this.root, { log: this.log, ...parts });
    const { config, assignment, tailnet } = this;
    const conditions = this.#store();
    this.agent = createTailscaleAgent(this.system, {
      conditions,
      config,
      assignment,
      tailnet,
      record: () => undefined,
    });
  }

  #store(): ConditionStore {
    const set: ConditionStore["set"] = (_owner, conditions) => {
      this.raised = conditions;
      return true;
    };
    return { set, list: () => [], shown: createLatest([]), run: async () => undefined };
  }

  run(): void {
    this.#running ??= this.agent.run(this.#stop.signal, Promise.resolve());
  }

  codes(): readonly string[] {
    return this.raised.map(({ code }) => code);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#running;
    this.root[Symbol.dispose]();
  }
}

interface Scene {
  readonly node: Node;
  readonly fake: FakeTailscaled;
}

interface Phase {
  /** What happens. */
  readonly when: string;
  readonly does: (scene: Scene) => unknown;
  /** Changes that are asked for because of it, in order. */
  readonly asks?: readonly string[];
  readonly state: Tailnet["kind"];
  readonly raises?: readonly string[];
}

/** Plays the phases one after the other: after each, exactly what it names has been asked, and holds. */
async function play(phases: readonly Phase[]): Promise<void> {
  await using node = new Node();
  await using fake = await fakeTailscaled(node.root);
  for (const { when, does, asks = [], state, raises = [] } of phases) {
    const before = fake.changes().length;
    await does({ node, fake });
    node.run();
    const seen = () => ({ asks: fake.changes().slice(before), state: node.tailnet.value?.kind, raises: node.codes() });
    try {
      await waitUntil(when, () => JSON.stringify(seen()) === JSON.stringify({ asks, state, raises }));
    } catch {
      expect(seen(), when).toEqual({ asks: [...asks], state, raises: [...raises] });
    }
  }
}

function putKey({ node }: Scene, text = key): void {
  node.root.write("/etc/headcni/authkey", `${text}\n`, 0o600);
}

const login = { server: "https://hs.example.com", authKeyFile: "/etc/headcni/authkey", hostname: "worker-1" };

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

  test("offers a guess only while no other node serves it", () =>
    play([
      {
        when: "another serves what holds it",
        does: ({ node, fake }) => {
          node.assignment.set(assigned(podCIDR, true));
          fake.prefs = loggedInPrefs;
          fake.status = readyStatus(fakePeer(2, { PrimaryRoutes: ["10.244.0.0/16", "0.0.0.0/0"], Online: false }));
        },
        state: "ready",
        raises: ["GuessedPodCIDRServed"],
      },
      {
        when: "it no longer does",
        does: ({ fake }) => {
          fake.status = readyStatus(fakePeer(2, { PrimaryRoutes: ["0.0.0.0/0"], Online: false }));
          fake.notify();
        },
        asks: ["PATCH prefs"],
        state: "ready",
      },
      {
        when: "another takes a piece of it",
        does: ({ fake }) => {
          fake.status = readyStatus(fakePeer(2, { PrimaryRoutes: ["10.244.1.128/25"], Online: false }));
          fake.notify();
        },
        asks: ["PATCH prefs"],
        state: "ready",
        raises: ["GuessedPodCIDRServed"],
      },
      {
        when: "it is assigned after all",
        does: ({ node }) => node.assignment.set(assigned(podCIDR)),
        asks: ["PATCH prefs"],
        state: "ready",
      },
    ]));

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

describe("the login", () => {
  test("is one start with all prefs, then login-interactive, and the key is shown nowhere", async () => {
    await using node = new Node();
    await using fake = await fakeTailscaled(node.root);
    putKey({ node, fake });
    node.config.set(loaded({ login }));
    fake.login = (used) => {
      fake.status = used === key ? readyStatus() : freshStatus;
      fake.notify();
    };
    node.run();
    await waitUntil("ready", () => node.tailnet.value?.kind === "ready");
    expect(fake.changes()).toEqual(["POST start", "POST login-interactive"]);
    const [start] = fake.requests.filter(({ path }) => path === "start");
    const { Config: _, ...rest } = freshPrefs;
    const AdvertiseRoutes = [podCIDR];
    expect(start?.body).toEqual({
      AuthKey: key,
      UpdatePrefs: {
        ...rest,
        ControlURL: login.server,
        WantRunning: true,
        LoggedOut: false,
        Hostname: "worker-1",
        RouteAll: true,
        AdvertiseRoutes,
      },
    });
    expect(readPrefsRecord(node.system.files)).toEqual({
      socket: fakeSocket,
      advertised: AdvertiseRoutes,
      before: { routeAll: false },
    });
    expect(JSON.stringify([node.log.entries, node.raised, node.agent.status()])).not.toContain(key);
  });

  const refusal = (why: string) => ({
    ...freshStatus,
    Health: [`You are logged out. The last login error was: ${why}`],
  });

  test("is tried again at once when the file of a refused key changes", () =>
    play([
      {
        when: "there is no key",
        does: ({ node }) => node.config.set(loaded({ login })),
        state: "needs-login",
        raises: ["TailscaleKeyUnusable"],
      },
      {
        when: "there is one that is refused, with the key in the answer",
        does: (scene) => {
          scene.fake.login = (used) => {
            scene.fake.status = refusal(`authkey ${used} already used`);
            scene.fake.notify();
          };
          putKey(scene);
        },
        asks: ["POST start", "POST login-interactive"],
        state: "needs-login",
        raises: ["TailscaleLoginRefused"],
      },
      {
        when: "a good one",
        does: (scene) => {
          expect(scene.node.raised[0]?.text).toContain("authkey [redacted] already used");
          scene.fake.login = () => {
            scene.fake.status = readyStatus();
            scene.fake.notify();
          };
          putKey(scene, "hskey-auth-good");
        },
        asks: ["POST start", "POST login-interactive"],
        state: "ready",
      },
    ]));

  test("waits for a control server that is not there", () =>
    play([
      {
        when: "nothing answers",
        does: (scene) => {
          putKey(scene);
          scene.node.config.set(loaded({ login }));
          scene.fake.login = () => {
            scene.fake.status = refusal(
              'fetch control key: Get "https://hs.example.com/key?v=142": dial tcp: connection refused',
            );
            scene.fake.notify();
          };
        },
        asks: ["POST start", "POST login-interactive"],
        state: "needs-login",
        raises: ["TailscaleControlUnreachable"],
      },
    ]));

  test("is not made where tailscaled is logged in, to whatever server", () =>
    play([
      {
        when: "logged in elsewhere",
        does: (scene) => {
          putKey(scene);
          scene.node.config.set(loaded({ login }));
          scene.fake.status = readyStatus();
          scene.fake.prefs = { ...loggedInPrefs, ControlURL: "https://other.example.com", AdvertiseRoutes: [podCIDR] };
        },
        state: "ready",
      },
    ]));

  test("refuses a key that others can read", () =>
    play([
      {
        when: "mode 0644",
        does: ({ node }) => {
          node.root.write("/etc/headcni/authkey", `${key}\n`, 0o644);
          node.config.set(loaded({ login }));
        },
        state: "needs-login",
        raises: ["TailscaleKeyUnusable"],
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
  await node.agent.cleanUp();
  expect(fake.prefs).toMatchObject({ AdvertiseRoutes: ["10.9.0.0/16"], RouteAll: false });
  expect(readPrefsRecord(node.system.files)).toBeUndefined();
  await node.agent.cleanUp();
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
