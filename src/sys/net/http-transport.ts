// Requests on the wire, by Node's client: Bun's `fetch` gives a stream up after 300 s of silence and sends even loopback addresses
// through HTTP_PROXY, which many nodes have set. Loaded with the first request: `node:http` costs 2 ms.

import * as http from "node:http";
import * as https from "node:https";
import type { ClientIdentity, HttpTransport, WireRequest, WireResponse } from "./http.ts";

/** Where to connect, on this machine: a socket's host path, or a name and port with the CA's certificate itself. */
export type WireTarget =
  | { readonly kind: "unix"; readonly hostPath: () => string }
  | {
      readonly kind: "tcp";
      readonly origin: URL;
      readonly ca: string | undefined;
      readonly identity: ClientIdentity | undefined;
    };

/** Connections to one server. They stay open between requests until it is disposed. */
export function createNodeTransport(target: WireTarget): HttpTransport {
  const isTls = target.kind === "tcp" && target.origin.protocol === "https:";
  const agent = isTls ? new https.Agent({ keepAlive: true }) : new http.Agent({ keepAlive: true });
  const open = isTls ? https.request : http.request;
  const where = (): https.RequestOptions =>
    target.kind === "unix"
      ? { socketPath: target.hostPath() }
      : {
          // A URL has IPv6 in brackets, a socket does not.
          host: target.origin.hostname.replace(/^\[(.*)\]$/, "$1"),
          ...(target.origin.port === "" ? {} : { port: target.origin.port }),
          ...(target.ca === undefined ? {} : { ca: target.ca }),
          ...(target.identity === undefined
            ? {}
            : { cert: target.identity.certificate, key: target.identity.key.reveal() }),
        };

  const send = (request: WireRequest, signal: AbortSignal, isFresh: boolean): Promise<WireResponse> => {
    const { promise, resolve, reject } = Promise.withResolvers<WireResponse>();
    const { method, path, headers, body } = request;
    const sent = open({ ...where(), method, path, headers, agent: isFresh ? false : agent }, (response) => {
      resolve({
        status: response.statusCode ?? 0,
        headers: Object.fromEntries(
          Object.entries(response.headers).map(([name, value]) => [
            name,
            Array.isArray(value) ? value.join(", ") : value,
          ]),
        ),
        body: untilAborted(response, signal),
      });
    });
    const onAbort = (): void => void sent.destroy(new Error("called off"));
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    sent.on("close", () => signal.removeEventListener("abort", onAbort));
    sent.on("error", (error) => {
      // The server closed a kept connection at the very moment it was used again: nothing has been done with the request.
      const isStale = sent.reusedSocket && ["ECONNRESET", "EPIPE"].includes((error as { code?: string }).code ?? "");
      if (isStale && !signal.aborted) resolve(send(request, signal, true));
      else reject(error);
    });
    sent.end(body);
    return promise;
  };

  return {
    // A request that changes something goes on a connection of its own, so that it need never be sent twice.
    send: (request, signal) => send(request, signal, request.method !== "GET"),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** The chunks of a body; leaving them unread closes the connection. */
async function* untilAborted(response: http.IncomingMessage, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const onAbort = (): void => void response.destroy();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    for await (const chunk of response) yield chunk;
    if (signal.aborted) throw new Error("called off");
  } finally {
    signal.removeEventListener("abort", onAbort);
    response.destroy();
  }
}
