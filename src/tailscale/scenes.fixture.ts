// Scenes of the agent with a tailscaled that is played over a real socket: phases as data, what happens in, requests and conditions out.

import { expect } from "bun:test";
import type { Agent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import type { Condition } from "../agent/conditions.ts";
import { createLatest } from "../agent/latest.ts";
import { type PodCIDRs, parsePodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Config, LoadedConfig } from "../config/config.ts";
import { defaultConfig } from "../config/defaults.ts";
import type { System } from "../sys/system.ts";
import { memoryLog, type TempRoot, tempRoot, testSystem, waitUntil } from "../sys/testing.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import type { TailnetDamage } from "../tailnet/tailnet-damage.ts";
import type { AdvertisedAssignment } from "./advertise.ts";
import { createTailscaleAgent } from "./agent.ts";
import { type FakeTailscaled, fakeSocket, fakeTailscaled, freshPrefs } from "./testing.ts";

export const podCIDR = "10.244.1.0/24";
export const loggedInPrefs = {
  ...freshPrefs,
  ControlURL: "https://hs.example.com",
  WantRunning: true,
  LoggedOut: false,
  RouteAll: true,
};

export function assigned(podCIDRs: string, isGuess = false): AdvertisedAssignment {
  const parsed = parsePodCIDRs(podCIDRs);
  return { podCIDRs: parsed, isGuess, current: { podCIDRs: parsed } };
}

/** A claim to these, offered to the tailnet or given up. */
export function claimed(podCIDRs: string, isAdvertised: boolean): ClaimsView {
  const is = { isAdvertised, holdsGateway: isAdvertised, startsPods: isAdvertised, isKept: true, isWon: false };
  return { claim: { podCIDRs: parsePodCIDRs(podCIDRs), ...is }, taken: [], isProbing: false };
}

export function loaded(tailscale: Partial<Config["tailscale"]> = {}): LoadedConfig {
  const config = { ...defaultConfig, tailscale: { ...defaultConfig.tailscale, ...tailscale } };
  return { config, file: undefined, hostFile: "/etc/headcni/config.yaml", origins: new Map(), warnings: [] };
}

/** An agent that runs on a node, with everything it is told and says. */
export class Node {
  readonly root: TempRoot = tempRoot();
  readonly log = memoryLog();
  readonly system: System;
  readonly config = createLatest<LoadedConfig | undefined>(loaded());
  readonly assignment = createLatest<AdvertisedAssignment | undefined>(assigned(podCIDR));
  readonly tailnet = createLatest<Tailnet | undefined>(undefined);
  readonly ownId = createLatest<string | undefined>(undefined);
  readonly damage = createLatest<TailnetDamage | undefined>(undefined);
  readonly held = createLatest<PodCIDRs | undefined>(undefined);
  readonly isShutOut = createLatest(false);
  readonly claims = createLatest<ClaimsView | undefined>(undefined);
  raised: readonly Condition[] = [];
  /** Of other tailscaled on this node. */
  readonly others: (FakeTailscaled & AsyncDisposable)[] = [];
  readonly agent: Agent;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(parts: Partial<System> = {}) {
    this.system = testSystem(this.root, { log: this.log, ...parts });
    const { config, assignment, tailnet, ownId, damage, held, isShutOut, claims } = this;
    const conditions = this.#store();
    this.agent = createTailscaleAgent(this.system, {
      conditions,
      config,
      assignment,
      tailnet,
      ownId,
      damage,
      held,
      isShutOut,
      claims,
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
    for (const other of this.others) await other[Symbol.asyncDispose]();
    this.root[Symbol.dispose]();
  }
}

export const otherSocket = "/srv/tailscaled.sock";

/** The kernel's table with these listeners, a connection and an abstract socket. */
export function unixTable(...listeners: readonly string[]): string {
  const line = (flags: string, path: string) => `ffff8881: 00000002 00000000 ${flags} 0001 01 31337 ${path}`;
  const others = [line("00000000", fakeSocket), line("00010000", "@/org/x"), line("00010000", "/run/other.sock")];
  const heading = "Num       RefCount Protocol Flags    Type St Inode Path";
  return [heading, ...others, ...listeners.map((path) => line("00010000", path)), ""].join("\n");
}

export interface Scene {
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
export async function play(phases: readonly Phase[]): Promise<void> {
  await using node = new Node();
  await using fake = await fakeTailscaled(node.root);
  for (const { when, does, asks = [], state, raises = [] } of phases) {
    const before = fake.changes().length;
    await does({ node, fake });
    node.run();
    const seen = () => ({ asks: fake.changes().slice(before), state: node.tailnet.value?.kind, raises: node.codes() });
    try {
      const isSeen = () => JSON.stringify(seen()) === JSON.stringify({ asks, state, raises });
      await waitUntil(when, isSeen, 30_000);
    } catch {
      expect(seen(), when).toEqual({ asks: [...asks], state, raises: [...raises] });
    }
  }
}
