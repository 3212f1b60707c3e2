// What a client of HTTP is asked, and what carries it: the interfaces, shared by the client, its transport and the fake one.

import type { JsonValue } from "../json.ts";
import type { Secret } from "../secret.ts";

/** One server. */
export type HttpTarget =
  /** `socketPath` is a path of the node. `host` is sent as the header Host. @default "localhost" */
  | { readonly kind: "unix"; readonly socketPath: string; readonly host?: string | undefined }
  /**
   * `origin` is `http://host:port` or `https://host:port`; `caFile` is a path of the node, PEM; without it the machine's own CAs count.
   * `ca` is its text, where the caller has read it; `caFile` then only names where it is from.
   */
  | {
      readonly kind: "tcp";
      readonly origin: string;
      readonly caFile?: string | undefined;
      readonly ca?: string | undefined;
    };

/** What is sent as JSON. A Secret in it is revealed to the server, and to no error or log. */
export type HttpBody =
  | string
  | number
  | boolean
  | null
  | Secret
  | readonly HttpBody[]
  | { readonly [key: string]: HttpBody | undefined };

export interface HttpRequest {
  /** @default "GET" */
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | undefined;
  /** Begins with "/"; with its query. */
  readonly path: string;
  readonly body?: HttpBody | undefined;
  /** Beside those of the client; never a secret. A body's content type is JSON unless it is named here. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Calls the request off, with everything it has open. */
  readonly signal?: AbortSignal | undefined;
  /** How long the server may take until it answers with a status. @default 10000 */
  readonly headersTimeoutMs?: number | undefined;
}

export interface WholeRequest extends HttpRequest {
  /** How long all of it may take. @default 30000 */
  readonly timeoutMs?: number | undefined;
  /** Refuse a longer answer. @default 16 MiB */
  readonly maxBytes?: number | undefined;
}

export interface StreamRequest extends HttpRequest {
  /** How long the server may be silent between two pieces. @default for ever */
  readonly idleTimeoutMs?: number | undefined;
  /** @default 16 MiB */
  readonly maxLineBytes?: number | undefined;
}

export interface HttpAnswer {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly text: string;
}

/** A client of one server; disposing closes its connections. Redirects are not followed. Every method throws HttpError. */
export interface HttpClient extends Disposable {
  /** The whole answer, whatever its status. */
  request(request: WholeRequest): Promise<HttpAnswer>;
  /** The body of an answer whose status is 2xx. */
  text(request: WholeRequest): Promise<string>;
  /** The same, parsed; null when it is empty, as that of a 204 is. */
  json(request: WholeRequest): Promise<JsonValue>;
  /** What `decode` makes of the body; a SyntaxError of its own means that this is no JSON. */
  decoded<T>(request: WholeRequest, decode: (text: string) => T): Promise<T>;
  /**
   * The lines of an answer whose status is 2xx, as they come. Ends with the answer, or without an error when the request's signal
   * aborts; leaving the loop closes the connection.
   */
  lines(request: StreamRequest): AsyncIterable<string>;
}

/** What a client shows a server that asks for a certificate. Both in PEM. */
export interface ClientIdentity {
  readonly certificate: string;
  readonly key: Secret;
}

export interface HttpClientOptions {
  /** Sent as `Authorization: Bearer …`. */
  readonly bearer?: Secret | undefined;
  /** For a server over TLS. */
  readonly identity?: ClientIdentity | undefined;
}

export interface Http {
  /** Makes no connection yet; rejects with HeadcniError HC_FILE_READ when the CA's file cannot be read, HC_HTTP_UNREACHABLE for an origin that is none */
  connect(target: HttpTarget, options?: HttpClientOptions): Promise<HttpClient>;
}

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface WireResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Fails when the answer is cut short. */
  readonly body: AsyncIterable<Uint8Array>;
}

/** What carries requests to one server. */
export interface HttpTransport extends Disposable {
  /** The answer as soon as its headers are there. Rejects, and `body` fails, as soon as `signal` aborts. */
  send(request: WireRequest, signal: AbortSignal): Promise<WireResponse>;
}
