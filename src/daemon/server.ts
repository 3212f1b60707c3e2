// Status over HTTP: GET /healthz, /readyz, /status and /metrics, and nothing else. The whole protocol, without a socket.

import { clip, tryParseAddr } from "../cidr/addr.ts";
import { isLoopback } from "../config/values.ts";
import { type JsonObject, printJson } from "../sys/json.ts";
import type { MetricsPage } from "./registry.ts";
import { type DaemonFacts, readiness, statusDocument } from "./status.ts";

/** What the server asks the daemon. */
export interface StatusSource {
  facts(): DaemonFacts;
  metrics(facts: DaemonFacts): Promise<MetricsPage>;
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

export function json(status: number, body: JsonObject, headers: Record<string, string> = {}): Response {
  const all = { ...commonHeaders, "content-type": "application/json", ...headers };
  return new Response(printJson(body), { status, headers: all });
}
