// The one HTTP server: it hands each request to a function and keeps the socket. The answers, and the checks
// of a request, belong to that function.

import { describeError, errnoOf } from "../errors.ts";
import { fault, ok, type Result } from "../result.ts";

export interface HttpServerOptions {
  /** Address or name to listen on, without brackets. */
  readonly host: string;
  /** 0: the kernel picks one. */
  readonly port: number;
  answer(request: Request): Promise<Response>;
  /** The response to a request on which `answer` failed. */
  failed(error: unknown): Response;
}

export interface HttpServer {
  /** `host:port` as a client asks for it: IPv6 in brackets, the port that is really used. */
  readonly address: string;
  /** Frees the address and cuts the connections that are still open. */
  stop(): Promise<void>;
}

/** How long a client may send nothing before its connection is closed. */
const idleSeconds = 10;

/** Listens, or says why it cannot: `another program listens there`. */
export function tryServeHttp({ host, port, answer, failed }: HttpServerOptions): Result<HttpServer> {
  try {
    const server = Bun.serve({
      hostname: host,
      port,
      development: false,
      // Bun's default outside development is to share the port with whatever else asks to, and each would get some of the requests.
      reusePort: false,
      idleTimeout: idleSeconds,
      fetch: answer,
      error: failed,
    });
    return ok({ address: server.url.host, stop: () => server.stop(true) });
  } catch (error) {
    return fault(errnoOf(error) === "EADDRINUSE" ? "another program listens there" : describeError(error));
  }
}
