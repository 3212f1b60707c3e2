// Status over HTTP: GET /healthz, /readyz, /status and /metrics, and nothing else. `answer` is the whole protocol and
// needs no socket; `statusServer` puts it on one and keeps it there.

import type { Setting } from "../agent/latest.ts";
import type { Part } from "../agent/supervisor.ts";
import type { Wakeups } from "../agent/trigger.ts";
import { clip, tryParseAddr } from "../cidr/addr.ts";
import { isLoopback, readListen } from "../config/values.ts";
import { describeError, expected } from "../sys/errors.ts";
import { printJson } from "../sys/json.ts";
import { type HttpServer, tryServeHttp } from "../sys/net/http-server.ts";
import type { Result } from "../sys/result.ts";
import type { System } from "../sys/system.ts";
import type { ConditionStore } from "./condition-store.ts";
import { type Condition, condition } from "./conditions.ts";
import { type DaemonFacts, encodeStatus, readiness } from "./status.ts";
import { statusAddressFile } from "./status-client.ts";

/** What the server asks the daemon. */
export interface StatusSource {
  facts(): DaemonFacts;
  /** Undefined when the daemon's loop turns, else why it does not. */
  stuck(): string | undefined;
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/**
 * The response to one request.
 * @param listen the host the server listens on
 */
export async function answer(request: Request, source: StatusSource, listen: string): Promise<Response> {
  const refused = refuseHost(request.headers.get("host"), listen);
  if (refused !== undefined) return refused;
  if (request.method !== "GET" && request.method !== "HEAD") {
    return json(405, { error: "only GET and HEAD are answered" }, { allow: "GET, HEAD" });
  }
  // Without a Host header (HTTP/1.0) the address is a path alone.
  switch (URL.parse(request.url, "http://node")?.pathname) {
    case undefined:
      return json(400, { error: "the address of the request is malformed" });
    case "/healthz": {
      const stuck = source.stuck();
      return stuck === undefined ? json(200, { healthy: true }) : json(503, { healthy: false, reason: stuck });
    }
    case "/readyz": {
      const reasons = readiness(source.facts());
      return json(reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons: [...reasons] });
    }
    case "/status":
      return json(200, encodeStatus(source.facts()));
    case "/metrics": {
      const { contentType, text } = await source.metrics();
      return new Response(text, { headers: { ...commonHeaders, "content-type": contentType } });
    }
    default:
      return json(404, { error: "there are /healthz, /readyz, /status and /metrics" });
  }
}

/**
 * A page in some browser on this machine can have its own name point to loopback (DNS rebinding) and would then read the status
 * as its own; what asks by address or as localhost cannot be such a page. Elsewhere any name can be the node's.
 */
function refuseHost(header: string | null, listen: string): Response | undefined {
  if (header === null || header === "") return undefined;
  const [, bracketed, name] = /^(?:\[([^\]]*)\]|([\w.-]+))(?::\d*)?$/.exec(header) ?? [];
  const isAddress = tryParseAddr(bracketed ?? name ?? "")?.family === (bracketed === undefined ? "ipv4" : "ipv6");
  if (name === undefined && !isAddress) return json(400, { error: `the header Host is no host: ${clip(header)}` });
  if (isAddress || name?.toLowerCase() === "localhost" || !isLoopback(listen)) return undefined;
  return json(403, { error: `ask for this node's loopback by its address or as localhost, not as ${clip(header)}` });
}

const commonHeaders = { "cache-control": "no-store", "x-content-type-options": "nosniff" };

function json(status: number, body: Parameters<typeof printJson>[0], headers: Record<string, string> = {}): Response {
  const all = { ...commonHeaders, "content-type": "application/json", ...headers };
  return new Response(printJson(body), { status, headers: all });
}

export interface ServerOptions {
  readonly conditions: ConditionStore;
  /** Asked for a pass when a condition comes or goes: passes write down what holds. */
  readonly wakeups: Pick<Wakeups, "wake">;
  readonly source: StatusSource;
  /** `host:port`, IPv6 in brackets; undefined: nothing is served. */
  readonly listen: Setting<string | undefined>;
}

const retryMs = 2000;

/**
 * Serves on the wanted address, moves when that changes, and tries again when it is taken: that is a condition, never the end
 * of the daemon.
 */
export function statusServer(system: System, { conditions, wakeups, source, listen }: ServerOptions): Part {
  const hold = (...held: readonly Condition[]): void => {
    if (conditions.set("server", held)) wakeups.wake("status server", 0);
  };
  const serve = async (address: string, signal: AbortSignal): Promise<void> => {
    const served = tryListen(address, source);
    if (served.kind === "fault") {
      hold(condition("StatusServerNotListening", { listen: address, why: served.why }));
      await system.clock.sleep(retryMs, signal);
      return;
    }
    hold();
    const server = served.value;
    system.log.info(`Status and metrics are served on http://${server.address}`, { listen: address });
    noteAddress(system, server.address);
    await listen.changedFrom(address, signal);
    noteAddress(system, undefined);
    await server.stop();
  };
  return {
    name: "status server",
    run: async (signal) => {
      while (!signal.aborted) {
        const address = listen.value;
        if (address !== undefined) await serve(address, signal);
        else {
          hold();
          await listen.changedFrom(undefined, signal);
        }
      }
    },
  };
}

/** Tells `headcni status` where to ask, whatever the configuration says by then: with port 0 nothing else knows. */
function noteAddress({ files, log }: System, address: string | undefined): void {
  try {
    if (address === undefined) files.remove(statusAddressFile);
    else files.writeAtomic(statusAddressFile, `${address}\n`, { mode: 0o644 });
  } catch (error) {
    expected(error);
    log.warn(error.message, { hint: "headcni status asks where the configuration says" });
  }
}

function tryListen(listen: string, source: StatusSource): Result<HttpServer> {
  const address = readListen(listen);
  if (address.kind === "fault") return address;
  const { host, port } = address.value;
  return tryServeHttp({
    host,
    port,
    answer: (request) => answer(request, source, host),
    failed: (error) => json(500, { error: describeError(error) }),
  });
}
