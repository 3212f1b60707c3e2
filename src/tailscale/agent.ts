// The agent that owns what HeadCNI sets in the node's tailscaled: its prefs, and its login where the configuration says so. It publishes
// the tailnet as tailscaled tells it.

import { type Agent, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import { failureOf } from "../agent/conditions.ts";
import { createLatest, firstValue, type Latest, type Watchable } from "../agent/latest.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { createReconciler, throwIfStopping } from "../agent/reconciler.ts";
import { createTrigger } from "../agent/trigger.ts";
import { createWatches, type WatchTarget } from "../agent/watches.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Config, LoadedConfig } from "../config/config.ts";
import { basename, dirname } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import type { TailnetDamage } from "../tailnet/tailnet-damage.ts";
import { isTailnetExpected, wantedLogin } from "../tailnet/wanted-login.ts";
import { type AdvertisedAssignment, isInForce } from "./advertise.ts";
import { condition, tailscaleConditions } from "./conditions.ts";
import { followBus } from "./local-api/bus.ts";
import type { LocalApi } from "./local-api/local-api.ts";
import { ownIdAfter } from "./local-api/own-id.ts";
import { tailscaleMetrics } from "./metrics.ts";
import { createPeerPings } from "./peer-pings.ts";
import { takeBackPrefs } from "./prefs/take-back.ts";
import { showTailscale, type TailscaleView } from "./status.ts";
import { createTailscaleStep, type TailscaleStep } from "./tailscale-step.ts";

export interface TailscaleAgentOptions {
  readonly conditions: ConditionStore;
  readonly config: Watchable<LoadedConfig | undefined>;
  readonly assignment: Watchable<AdvertisedAssignment | undefined>;
  /** Where the tailnet is published; undefined until tailscaled has been asked. */
  readonly tailnet: Latest<Tailnet | undefined>;
  /** Where this node's id at the control server is published, when tailscaled tells it before the tailnet; undefined otherwise. */
  readonly ownId: Latest<string | undefined>;
  /** What tailscaled has lost in the kernel; undefined while that is not known. */
  readonly damage: Watchable<TailnetDamage | undefined>;
  /** The PodCIDRs whose gateway addresses the kernel holds. */
  readonly held: Watchable<PodCIDRs | undefined>;
  /** Whether packets say that no other node is in reach. */
  readonly isShutOut: Watchable<boolean>;
  /** What is offered of guessed PodCIDRs; undefined while that is not known. */
  readonly claims: Watchable<ClaimsView | undefined>;
  readonly record: RecordMetric;
}

/** The login may wait this long for the bridge. */
const bridgeMs = 500;
/** The first step may wait this long for tailscaled: the other agents begin after it. */
const firstStepMs = 2000;
/** Messages of the bus are gathered for this long. */
const gatherMs = 100;
/** And for this much longer for each peer, up to a limit, so that a large tailnet in motion costs little: a status of 1,000 takes 30 ms. */
const gatherForPeerMs = 2;
const longestGatherMs = 5000;

export function createTailscaleAgent(system: System, options: TailscaleAgentOptions): Agent {
  const { conditions, config, assignment, tailnet, ownId, damage, isShutOut, claims, record } = options;
  const trigger = createTrigger(system.clock);
  const watches = createWatches(system, trigger);
  const connection = createLatest<LocalApi | undefined>(undefined);
  const step = createTailscaleStep(system, { record, connection });
  const pings = createPeerPings(system);
  let view: TailscaleView | undefined;
  let isRunning = false;
  let isFollowingBus = false;

  const reconciler = createReconciler(system, {
    name: "tailscale",
    conditions,
    trigger,
    inputs: { config, assignment, damage, isShutOut, claims },
    step: async (reasons, signal) => {
      const settings = (await firstValue(config, signal))?.config.tailscale;
      throwIfStopping(signal);
      if (settings === undefined) return [];
      if (isRunning) watches.update(watchTargets(settings));
      const input = {
        settings,
        assignment: assignment.value,
        damage: damage.value,
        isShutOut: isShutOut.value,
        claims: claims.value,
        isQuiet: isFollowingBus && reasons.every((reason) => reason === "timer"),
      };
      const done = await step.take(input, signal);
      if (done.retryAfterMs !== undefined) trigger.wake("retry", done.retryAfterMs);
      view = done.view;
      publish(tailnet, view.tailnet);
      if ("self" in view.tailnet) ownId.set(undefined);
      const api = connection.value;
      if (isRunning && api !== undefined && "self" in view.tailnet) pings.meet(api, view.tailnet.peers, signal);
      return done.conditions;
    },
    failed: (error) => condition("TailscalePrefsNotRecorded", failureOf(error)),
  });

  return {
    ...plainAgent,
    ...reconciler,
    conditions: tailscaleConditions,
    metrics: Object.values(tailscaleMetrics),
    once: async (signal, earlier) => {
      const opening = openEarly(step, config, signal);
      // What is in force can be offered, while the rules for it are still put in place. After the agents before, none will be.
      const ready = new AbortController();
      await Promise.race([earlier, readyToJoin(system, options, AbortSignal.any([signal, ready.signal]))]);
      ready.abort();
      await opening;
      await within(system, firstStepMs, signal, reconciler.once);
    },
    run: async (signal) => {
      isRunning = true;
      const changed = (line?: string): void => {
        const known = view !== undefined && "self" in view.tailnet ? view.tailnet : undefined;
        if (known === undefined) ownId.set(line === undefined ? undefined : ownIdAfter(line, ownId.value));
        const peers = known?.peers.length ?? 0;
        trigger.wake("bus", Math.min(gatherMs + peers * gatherForPeerMs, longestGatherMs));
      };
      const connected = (isConnected: boolean): void => {
        isFollowingBus = isConnected;
      };
      await Promise.all([
        reconciler.run(signal),
        followBus(system, { connection, changed, connected, record }, signal),
      ]);
      isRunning = false;
      watches.close();
      connection.value?.[Symbol.dispose]();
    },
    cleanUp: (options) => takeBackPrefs(system, options),
    status: () => ({ ...showTailscale(view, isFollowingBus), lastReconcile: reconciler.last.value }),
  };
}

type JoinOptions = Pick<TailscaleAgentOptions, "config" | "assignment" | "held">;

/**
 * Resolves when the PodCIDRs are in force that the node shall have, and where tailscaled is to be logged in, the bridge has their gateways:
 * an address that comes while it logs in makes it connect anew. Also when `signal` aborts.
 */
async function readyToJoin(
  system: System,
  { config, assignment, held }: JoinOptions,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted && !isInForce(assignment.value)) await assignment.changed(assignment.value, signal);
  const settings = config.value?.config.tailscale;
  const own = assignment.value;
  if (settings === undefined || own === undefined || wantedLogin(settings) === undefined) return;
  if (!isTailnetExpected(settings, own)) return;
  await within(system, bridgeMs, signal, async (limited) => {
    while (!limited.aborted && held.value?.equals(own.podCIDRs) !== true) await held.changed(held.value, limited);
  });
}

/** While the PodCIDRs are put in force: what speaks with tailscaled takes a while to load. */
async function openEarly(step: TailscaleStep, config: JoinOptions["config"], signal: AbortSignal): Promise<void> {
  const settings = (await firstValue(config, signal))?.config.tailscale;
  if (settings !== undefined) await step.open(settings);
}

/** Where tailscaled's socket and the key appear. */
function watchTargets(settings: Config["tailscale"]): readonly WatchTarget[] {
  const { socket } = settings;
  const target = { withinMs: gatherMs, isOutside: false };
  const keyFile = wantedLogin(settings)?.authKeyFile;
  return [
    { ...target, dir: dirname(socket), names: new Set([basename(socket)]) },
    // A mounted Secret changes by a link beside the file, so every name counts.
    ...(keyFile === undefined ? [] : [{ ...target, dir: dirname(keyFile), names: undefined }]),
  ];
}

/** Another value only when it says something else: readers are woken by each. With a network map the same one is the same object. */
function publish(latest: Latest<Tailnet | undefined>, next: Tailnet): void {
  if ("self" in next || JSON.stringify(latest.value) !== JSON.stringify(next)) latest.set(next);
}

/** Runs `work`, aborted after `ms`. */
async function within(
  { clock }: System,
  ms: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const limit = new AbortController();
  const done = new AbortController();
  void clock.sleep(ms, done.signal).then(() => limit.abort());
  await work(AbortSignal.any([signal, limit.signal]));
  done.abort();
}
