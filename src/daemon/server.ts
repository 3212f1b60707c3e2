// Status over HTTP: GET /, /healthz, /readyz, /status, /metrics and /events, and nothing else. The whole protocol, without a socket.

import { clip, tryParseAddr } from "../cidr/addr.ts";
import { isLoopback } from "../config/values.ts";
import { type JsonObject, printJson } from "../sys/json.ts";
import type { MetricsPage } from "./registry.ts";
import { type DaemonFacts, readiness, statusDocument } from "./status.ts";

/** What the server asks the daemon. */
export interface StatusSource {
  facts(): DaemonFacts;
  metrics(facts: DaemonFacts): Promise<MetricsPage>;
  readonly page: StatusPage;
}

/** The page for a browser. */
export interface StatusPage {
  render(facts: DaemonFacts): Promise<PageDocument>;
  /** The events of one open page; undefined when as many are open as may be. */
  events(signal: AbortSignal): Promise<ReadableStream<Uint8Array> | undefined>;
}

export interface PageDocument {
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
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
      const stuck = source.facts().agents.flatMap((agent) => agent.stuck() ?? []);
      return stuck.length === 0
        ? json(200, { healthy: true })
        : json(503, { healthy: false, reason: stuck.join("; ") });
    }
    case "/readyz": {
      const reasons = readiness(source.facts());
      return json(reasons.length === 0 ? 200 : 503, { ready: reasons.length === 0, reasons: [...reasons] });
    }
    case "/status":
      return json(200, statusDocument(source.facts()));
    case "/metrics": {
      const { contentType, text } = await source.metrics(source.facts());
      return new Response(text, { headers: { ...commonHeaders, "content-type": contentType } });
    }
    case "/": {
      const { headers, text } = await source.page.render(source.facts());
      return new Response(text, { headers: { ...commonHeaders, ...headers } });
    }
    case "/events":
      return await events(request, source.page);
    default:
      return json(404, { error: "there are /, /healthz, /readyz, /status, /metrics and /events" });
  }
}

/** A script of another origin cannot read them: no header allows it to. */
async function events({ method, signal }: Request, page: StatusPage): Promise<Response> {
  const headers = {
    ...commonHeaders,
    "content-type": "text/event-stream",
    "cross-origin-resource-policy": "same-origin",
  };
  if (method === "HEAD") return new Response(undefined, { headers });
  const stream = await page.events(signal);
  if (stream !== undefined) return new Response(stream, { headers });
  return json(503, { error: "as many pages are open as this server keeps; close one" }, { "retry-after": "10" });
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

export function json(status: number, body: JsonObject, headers: Record<string, string> = {}): Response {
  const all = { ...commonHeaders, "content-type": "application/json", ...headers };
  return new Response(printJson(body), { status, headers: all });
}
