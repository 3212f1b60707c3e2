// tailscaled's LocalAPI over its unix socket: the few calls HeadCNI makes, each with a deadline, for tailscaled 1.80 to 1.104. Answers
// are decoded for the fields that are used; what else a version has or lacks does not matter.

import type { HttpBody, HttpTarget, WholeRequest } from "../../sys/net/http.ts";
import type { Secret } from "../../sys/secret.ts";
import type { System } from "../../sys/system.ts";
import type { OfferedRoutes } from "./local-api-schema.ts";
import type { PingAnswer } from "./ping-answer.ts";
import type { PrefsEdit, TailscalePrefs } from "./tailscale-prefs.ts";
import type { TailscaleStatus } from "./tailscale-status.ts";

/** tailscaled refuses any other name: a web page whose name points to the node must not reach it. */
const host = "local-tailscaled.sock";
/** An answer takes milliseconds; a node under load gets more. */
const timeoutMs = 5000;
/** tailscaled gives a ping to a peer that does not answer up after 5 s by itself. */
const pingTimeoutMs = 8000;
/** A status has about 1.1 KB for each peer, a network map on the bus several times that. */
const maxStatusBytes = 64 << 20;
const maxLineBytes = 128 << 20;
/** Bit of a bus's mask: begin with the whole network map, the one place that has what peers offer. */
const initialNetMap = 8;

export interface StartOptions {
  readonly authKey: Secret;
  /** All prefs: what is missing is reset. */
  readonly prefs: { readonly [key: string]: HttpBody | undefined };
}

/** Every method throws HttpError, whose message holds what tailscaled answered. Disposing closes the connections. */
export interface LocalApi extends Disposable {
  /** The path it speaks over. */
  readonly socket: string;
  /**
   * A peer that is as it was in the status before is the same object.
   * @param peers "without": this node alone, whatever the size of the tailnet
   */
  status(signal: AbortSignal, peers?: "with" | "without"): Promise<TailscaleStatus>;
  prefs(signal: AbortSignal): Promise<TailscalePrefs>;
  /** Changes what the edit names. @returns the prefs after it */
  editPrefs(edit: PrefsEdit, signal: AbortSignal): Promise<TailscalePrefs>;
  /** Makes a new connection to the control server with these prefs. */
  start(options: StartOptions, signal: AbortSignal): Promise<void>;
  /** Logs in with the key that `start` was given. */
  loginInteractive(signal: AbortSignal): Promise<void>;
  /** A disco ping, which also makes tailscaled look for a direct path. */
  ping(address: string, signal: AbortSignal): Promise<PingAnswer>;
  /** What all nodes offer to serve; undefined while there is no network map. */
  offeredRoutes(signal: AbortSignal): Promise<OfferedRoutes | undefined>;
  /** The lines of the notification bus, until `signal` aborts or tailscaled ends it, as it does with a reader that is too slow. */
  watch(mask: number, signal: AbortSignal): AsyncIterable<string>;
}

/** @param socket a path of the node. Makes no connection yet. */
export async function connectLocalApi(system: System, socket: string): Promise<LocalApi> {
  const target: HttpTarget = { kind: "unix", socketPath: socket, host };
  const client = await system.http.connect(target);
  const [{ decodeOfferedRoutes, decodePing, decodePrefs, decodeStatus }, { createStatusDecoder }] = await Promise.all([
    import("./local-api-schema.ts"),
    import("./status-decoder.ts"),
  ]);
  const decodeNext = createStatusDecoder();
  const call = (...question: Parameters<typeof ask>) => client.json(ask(...question));
  const watch = (mask: number, signal: AbortSignal, idleTimeoutMs?: number): AsyncIterable<string> =>
    client.lines({
      path: `/localapi/v0/watch-ipn-bus?mask=${mask}`,
      signal,
      headersTimeoutMs: timeoutMs,
      idleTimeoutMs,
      maxLineBytes,
    });
  return {
    socket,
    status: async (signal, peers = "with") => {
      if (peers === "without") return decodeStatus(await call("GET", "status?peers=false", { signal }));
      return client.decoded(ask("GET", "status", { signal, maxBytes: maxStatusBytes }), decodeNext);
    },
    prefs: async (signal) => decodePrefs(await call("GET", "prefs", { signal })),
    editPrefs: async (edit, signal) => decodePrefs(await call("PATCH", "prefs", { signal, body: encodeEdit(edit) })),
    start: async ({ authKey, prefs }, signal) => {
      await client.text(ask("POST", "start", { signal, body: { AuthKey: authKey, UpdatePrefs: prefs } }));
    },
    loginInteractive: async (signal) => {
      await client.text(ask("POST", "login-interactive", { signal }));
    },
    ping: async (address, signal) => {
      const path = `ping?type=disco&ip=${encodeURIComponent(address)}`;
      const times = { timeoutMs: pingTimeoutMs, headersTimeoutMs: pingTimeoutMs };
      return decodePing(await call("POST", path, { signal, ...times }));
    },
    offeredRoutes: async (signal) => {
      for await (const line of watch(initialNetMap, signal, timeoutMs)) return decodeOfferedRoutes(line);
      return undefined;
    },
    watch,
    [Symbol.dispose]: () => client[Symbol.dispose](),
  };
}

function ask(
  method: "GET" | "POST" | "PATCH",
  path: string,
  rest: Omit<WholeRequest, "method" | "path">,
): WholeRequest {
  return { method, path: `/localapi/v0/${path}`, timeoutMs, headersTimeoutMs: timeoutMs, ...rest };
}

/** MaskedPrefs: each field beside the mark that it counts. */
function encodeEdit(edit: PrefsEdit): HttpBody {
  const { advertiseRoutes, routeAll, noStatefulFiltering, netfilterMode, wantRunning } = edit;
  return {
    ...(wantRunning === undefined ? {} : { WantRunning: wantRunning, WantRunningSet: true }),
    ...(netfilterMode === undefined ? {} : { NetfilterMode: netfilterMode, NetfilterModeSet: true }),
    ...(advertiseRoutes === undefined ? {} : { AdvertiseRoutes: advertiseRoutes, AdvertiseRoutesSet: true }),
    ...(routeAll === undefined ? {} : { RouteAll: routeAll, RouteAllSet: true }),
    ...(noStatefulFiltering === undefined
      ? {}
      : { NoStatefulFiltering: noStatefulFiltering, NoStatefulFilteringSet: true }),
  };
}
