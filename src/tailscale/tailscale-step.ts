// One step of the tailscale agent: ask tailscaled how it is, log it in where that is wanted, hold its prefs, say what is wrong.

import type { Condition } from "../agent/conditions.ts";
import type { Latest } from "../agent/latest.ts";
import type { RecordMetric } from "../agent/metrics.ts";
import { throwIfStopping } from "../agent/reconciler.ts";
import { type Prefix, tryParsePrefix } from "../cidr/prefix.ts";
import type { Config } from "../config/config.ts";
import { expected } from "../sys/errors.ts";
import type { Files } from "../sys/fs/files.ts";
import { HttpError } from "../sys/net/http-error.ts";
import { redactText } from "../sys/redact.ts";
import type { System } from "../sys/system.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import type { TailnetDamage } from "../tailnet/tailnet-damage.ts";
import { wantedLogin } from "../tailnet/wanted-login.ts";
import { type AdvertisedAssignment, routesToAdvertise } from "./advertise.ts";
import { competingSockets } from "./competing-sockets.ts";
import { condition } from "./conditions.ts";
import { isTailscaledExpected } from "./expected.ts";
import { prefsConditions, programConditions, stateConditions } from "./findings.ts";
import { createHealer, finishLeftToggle, finishToggle } from "./heal/healer.ts";
import { describeRefusal, isRefusal } from "./local-api/api-refusal.ts";
import { connectLocalApi, type LocalApi } from "./local-api/local-api.ts";
import type { TailscaleStatus } from "./local-api/tailscale-status.ts";
import { createLogin, type LoginResult } from "./login.ts";
import { createPeersRoutes } from "./peers-routes.ts";
import { createPrefsHolder, restorePrefs } from "./prefs/hold-prefs.ts";
import { prefsRecordFile, readPrefsRecord } from "./prefs/prefs-record.ts";
import type { TailscaleView } from "./status.ts";
import { createToTailnet, isReloginUnfinished, toTailnet } from "./to-tailnet.ts";

export interface TailscaleStepOptions {
  readonly record: RecordMetric;
  /** Set while tailscaled answers. */
  readonly connection: Latest<LocalApi | undefined>;
}

export interface TailscaleStepInput {
  readonly settings: Config["tailscale"];
  readonly assignment: AdvertisedAssignment | undefined;
  /** What tailscaled has lost in the kernel, as far as that is known. */
  readonly damage: TailnetDamage | undefined;
  /** Whether packets say that no other node is in reach. */
  readonly isShutOut: boolean;
  /** What is offered of guessed PodCIDRs; undefined while that is not known. */
  readonly claims: ClaimsView | undefined;
  /** Whether tailscaled would have told of a change, and has not. */
  readonly isQuiet: boolean;
}

export interface TailscaleStepResult {
  readonly view: TailscaleView;
  readonly conditions: readonly Condition[];
  /** When there is something to be done again. */
  readonly retryAfterMs?: number | undefined;
}

export interface TailscaleStep {
  /** Loads what a step needs where there is a tailscaled; asks it nothing. */
  open(settings: Config["tailscale"]): Promise<void>;
  take(input: TailscaleStepInput, signal: AbortSignal): Promise<TailscaleStepResult>;
}

export function createTailscaleStep(system: System, { record, connection }: TailscaleStepOptions): TailscaleStep {
  const { files } = system;
  const login = createLogin(system, record);
  const holder = createPrefsHolder(system, record);
  const healer = createHealer(system, record);
  const peersRoutes = createPeersRoutes(system);
  const opened = createOpened(system, connection);
  const toKnown = createToTailnet();
  const operatorsTime = createOperatorsTime(system);

  const logIn = async (known: Known, input: TailscaleStepInput, signal: AbortSignal): Promise<LoginResult> => {
    const { api, status, tailnet, routes } = known;
    const wanted = status.backendState === "NeedsMachineAuth" ? undefined : wantedLogin(input.settings);
    const waitMs = wanted === undefined || input.isShutOut ? 0 : operatorsTime.leftMs(isReloginUnfinished(status));
    if (wanted !== undefined && waitMs === 0) {
      return login.attempt({ api, login: wanted, routes, health: status.health }, signal);
    }
    const isRunning = status.backendState === "Running";
    const conditions = [condition("TailscaleNeedsLogin", { why: redactText(tailnet.why), isRunning })];
    return { conditions, retryAfterMs: waitMs > 0 ? waitMs : undefined };
  };

  const work = async (api: LocalApi, input: TailscaleStepInput, signal: AbortSignal): Promise<TailscaleStepResult> => {
    const status = await api.status(signal);
    connection.set(api);
    const tailnet = toTailnet({ ...status, peers: [] }, { own: [] });
    const routes = routesToAdvertise(input.assignment, input.claims?.claim);
    const sockets = await competingSockets(system, input.settings.socket, signal);
    const others = programConditions(status, sockets);
    const viewOf = (shown: Tailnet): TailscaleView => {
      return {
        tailnet: shown,
        version: status.version,
        keyExpiresAtMs: status.self?.keyExpiresAtMs,
        advertised: readPrefsRecord(files)?.advertised ?? [],
      };
    };
    const loggedOut = input.isShutOut && status.isAskedToLogIn ? removedThere : tailnet;
    if (loggedOut.kind === "needs-login") {
      const done = await logIn({ api, status, tailnet: loggedOut, routes }, input, signal);
      return { ...done, view: viewOf(loggedOut), conditions: [...done.conditions, ...others] };
    }
    login.succeeded();
    operatorsTime.leftMs(false);
    await finishToggle(system, api, signal);
    const held = await holder.hold(api, routes, signal);
    const { controlURL, advertiseRoutes } = held.prefs;
    const own = advertiseRoutes.flatMap((route) => tryParsePrefix(route) ?? []);
    const { isQuiet, claims } = input;
    const urgency = claims?.isProbing === true ? "close" : isQuiet ? "quiet" : "usual";
    const peers = await peersRoutes.read(api, { peers: status.peers.length, urgency }, signal);
    const mapReadMs = urgency === "close" ? peers.readMs : undefined;
    const known = toKnown(status, { own, offered: peers.routes, mapReadMs });
    const state = stateConditions(known, status, controlURL);
    // One that starts has not written everything yet.
    const damage = "self" in known ? input.damage : undefined;
    const healed = await healer.heal(
      api,
      { damage, isShutOut: input.isShutOut, prefs: held.prefs, mayReconnect: input.settings.mayReconnect },
      signal,
    );
    return {
      view: viewOf(known),
      conditions: [...state, ...held.conditions, ...prefsConditions(held.prefs), ...healed.conditions, ...others],
      retryAfterMs: earliest(held.retryAfterMs, healed.retryAfterMs, peers.retryAfterMs),
    };
  };

  const take = async (input: TailscaleStepInput, signal: AbortSignal): Promise<TailscaleStepResult> => {
    const { socket, enabled } = input.settings;
    try {
      if (enabled === false) {
        opened.close();
        await finishLeftToggle(system, signal);
        await restorePrefs(system, { signal });
        return { view: absentView("tailscale.enabled is false", false), conditions: [] };
      }
      await leaveOther(system, socket, signal);
      if (files.stat(socket) !== undefined) return await work(await opened.open(socket), input, signal);
      opened.close();
      return absent(files, input.settings, `there is no socket ${socket}`);
    } catch (error) {
      throwIfStopping(signal);
      expected(error);
      if (error.code !== "HC_HTTP_UNREACHABLE" && error.code !== "HC_HTTP_FAILED") throw error;
      if (error instanceof HttpError && error.status === 403) {
        const why = describeRefusal(error);
        return { view: absentView(why, true), conditions: [condition("TailscaleAccessDenied", { why })] };
      }
      if (isRefusal(error)) {
        const why = describeRefusal(error);
        const tailnet = { kind: "starting", why } as const;
        return { view: { ...blankView, tailnet }, conditions: [condition("TailscaleCallRefused", { why })] };
      }
      opened.close();
      return absent(files, input.settings, error.message);
    }
  };

  return {
    take,
    open: async ({ socket, enabled }) => {
      if (enabled !== false && files.stat(socket) !== undefined) await opened.open(socket);
    },
  };
}

/**
 * tailscaled keeps the network map of a node that was removed, and calls it running, while the server it asks anew waits for a login.
 * The same is so while an operator logs in anew: that nothing is in reach any more tells them apart.
 */
const removedThere = {
  kind: "needs-login",
  why: "the control server knows this node no more, and waits for a login",
} as const;

/** What an operator gets for a login that is begun anew: trying a key takes back the page that it is to be finished on. */
const operatorMs = 120_000;

function createOperatorsTime({ clock }: System) {
  let sinceMs: number | undefined;
  return {
    /** How long what the operator has begun is still left alone. */
    leftMs: (isUnfinished: boolean): number => {
      const nowMs = clock.monotonicMs();
      sinceMs = isUnfinished ? (sinceMs ?? nowMs) : undefined;
      return sinceMs === undefined ? 0 : Math.max(0, sinceMs + operatorMs - nowMs);
    },
  };
}

function earliest(...times: readonly (number | undefined)[]): number | undefined {
  const known = times.filter((ms) => ms !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

/** Takes back what was set in the tailscaled of an earlier configuration. */
async function leaveOther(system: System, socket: string, signal: AbortSignal): Promise<void> {
  const known = readPrefsRecord(system.files);
  if (known === undefined || known.socket === socket) return;
  try {
    await restorePrefs(system, { signal });
  } catch (error) {
    expected(error);
    throwIfStopping(signal);
    system.log.warn("PrefsLeft", `What was set in the tailscaled of ${known.socket} stays so: ${error.message}`);
    system.files.remove(prefsRecordFile);
  }
}

interface Known {
  readonly api: LocalApi;
  readonly status: TailscaleStatus;
  readonly tailnet: Extract<Tailnet, { readonly why: string }>;
  readonly routes: readonly Prefix[] | undefined;
}

/** The one client that is open; it is published, once tailscaled has answered it, by the step. */
function createOpened(system: System, connection: Latest<LocalApi | undefined>) {
  let api: LocalApi | undefined;
  let openSocket: string | undefined;
  const close = (): void => {
    connection.set(undefined);
    api?.[Symbol.dispose]();
    api = undefined;
  };
  return {
    close,
    open: async (socket: string): Promise<LocalApi> => {
      if (openSocket !== socket) close();
      openSocket = socket;
      api ??= await connectLocalApi(system, socket);
      return api;
    },
  };
}

function absent(files: Files, settings: Config["tailscale"], why: string): TailscaleStepResult {
  const isExpected = isTailscaledExpected(files, settings);
  const { socket } = settings;
  const conditions = isExpected ? [condition("TailscaledAbsent", { socket, why })] : [];
  return { view: absentView(why, isExpected), conditions };
}

function absentView(why: string, isExpected: boolean): TailscaleView {
  return { ...blankView, tailnet: { kind: "absent", why, isExpected } };
}

const blankView = { version: undefined, keyExpiresAtMs: undefined, advertised: [] } as const;
