// One request from its first byte to its last: what goes on the wire, what calls it off, and how every failure becomes an HttpError.

import type { Clock } from "../clock.ts";
import { Secret } from "../secret.ts";
import type { HttpBody, HttpRequest, HttpTarget, HttpTransport, WireRequest, WireResponse } from "./http.ts";
import { createDeadline, type Deadline } from "./http-deadline.ts";
import { describeConnection, excerptOf, HttpError, type HttpErrorOptions } from "./http-error.ts";

export interface HttpClientParts {
  readonly clock: Clock;
  readonly target: HttpTarget;
  /** Sent as `Authorization: Bearer …`. */
  readonly bearer: Secret | undefined;
  readonly transport: HttpTransport;
}

type Fault = Pick<HttpErrorOptions, "failure" | "why" | "hint" | "status" | "cause">;

const defaultHeadersTimeoutMs = 10_000;
/** What is read of an answer that is an error, for the excerpt. */
const errorBytes = 64 << 10;

export class HttpAttempt implements Disposable {
  readonly deadline: Deadline;
  readonly #parts: HttpClientParts;
  readonly #request: HttpRequest;
  readonly #secrets: Secret[];

  constructor(parts: HttpClientParts, request: HttpRequest) {
    this.#parts = parts;
    this.#request = request;
    this.#secrets = parts.bearer === undefined ? [] : [parts.bearer];
    this.deadline = createDeadline(parts.clock, request.signal);
  }

  /** Stops its timers. */
  [Symbol.dispose](): void {
    this.deadline[Symbol.dispose]();
  }

  /** The answer once its headers are there, whatever its status. @throws HttpError */
  async send(): Promise<WireResponse> {
    const timeoutMs = this.#headersTimeoutMs;
    const stop = this.deadline.start(timeoutMs, `it did not answer within ${timeoutMs / 1000} s`);
    try {
      return await this.#parts.transport.send(this.#wireRequest(), this.deadline.signal);
    } catch (error) {
      // A malformed path or header is a fault of the caller.
      if (error instanceof TypeError) throw error;
      throw (
        this.#calledOff() ?? this.fail({ failure: "unreachable", ...describeConnection(error, this.#parts.target) })
      );
    } finally {
      stop();
    }
  }

  /** The same for an answer whose status is 2xx. @throws HttpError with the start of the answer */
  async sendForSuccess(): Promise<WireResponse> {
    const response = await this.send();
    const { status } = response;
    if (status >= 200 && status < 300) return response;
    const excerpt = this.excerpt(await this.#readError(response));
    throw this.fail({ failure: "status", status, why: `it answered ${status}${excerpt === "" ? "" : `: ${excerpt}`}` });
  }

  /** All of a body. @throws HttpError when it is longer than `maxBytes`, or cut short */
  async readText(response: WireResponse, maxBytes: number): Promise<string> {
    const body: Uint8Array[] = [];
    if (await this.#read(response, maxBytes, body)) return toText(body);
    const why = `its answer is longer than ${maxBytes} bytes`;
    throw this.fail({ failure: "answer", status: response.status, why });
  }

  /** The chunks of a body. @param idleTimeoutMs how long the server may be silent in between */
  async *chunks({ status, body }: WireResponse, idleTimeoutMs?: number): AsyncGenerator<Uint8Array> {
    const wait = (): (() => void) =>
      idleTimeoutMs === undefined
        ? () => undefined
        : this.deadline.start(idleTimeoutMs, `it was silent for ${idleTimeoutMs / 1000} s`);
    let stop = wait();
    try {
      for await (const chunk of body) {
        stop();
        yield chunk;
        stop = wait();
      }
    } catch (cause) {
      throw this.#calledOff() ?? this.fail({ failure: "answer", status, why: "its answer was cut short", cause });
    } finally {
      stop();
    }
  }

  /** The start of an answer, without the secrets that were sent. */
  excerpt(text: string): string {
    return excerptOf(this.#secrets.reduce((rest, secret) => secret.redactIn(rest), text));
  }

  fail(fault: Fault): HttpError {
    const { method = "GET", path } = this.#request;
    return new HttpError({ method, path, target: this.#parts.target, ...fault });
  }

  get #headersTimeoutMs(): number {
    return this.#request.headersTimeoutMs ?? defaultHeadersTimeoutMs;
  }

  #calledOff(): HttpError | undefined {
    switch (this.deadline.calledOff?.kind) {
      case "aborted":
        return this.fail({ failure: "aborted", why: "it was called off" });
      case "late":
        return this.fail({ failure: "late", why: this.deadline.calledOff.why });
      default:
        return undefined;
    }
  }

  /** What comes of a body within the time for headers: its status says more than why there is no more. */
  async #readError(response: WireResponse): Promise<string> {
    const body: Uint8Array[] = [];
    this.deadline.start(this.#headersTimeoutMs, "the rest of its answer did not come");
    try {
      await this.#read(response, errorBytes, body);
    } catch (error) {
      if (!(error instanceof HttpError) || error.failure === "aborted") throw error;
    }
    return toText(body);
  }

  /** Adds to `body` what comes, up to `maxBytes`; false when there is more. */
  async #read(response: WireResponse, maxBytes: number, body: Uint8Array[]): Promise<boolean> {
    let left = maxBytes;
    for await (const chunk of this.chunks(response)) {
      body.push(chunk.subarray(0, left));
      left -= chunk.length;
      if (left < 0) return false;
    }
    return true;
  }

  #wireRequest(): WireRequest {
    const { method = "GET", path, headers, body } = this.#request;
    const { target, bearer } = this.#parts;
    return {
      method,
      path,
      headers: {
        ...(target.kind === "unix" ? { host: target.host ?? "localhost" } : {}),
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
        ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer.reveal()}` }),
      },
      body: body === undefined ? undefined : this.#encode(body),
    };
  }

  /** JSON with its secrets in clear, each of which is noted. */
  #encode(body: HttpBody): string {
    const secrets = this.#secrets;
    return JSON.stringify(body, function (this: Readonly<Record<string, unknown>>, key, value: unknown) {
      // `value` is what toJSON() made of it: `[redacted]`.
      const original = this[key];
      if (!(original instanceof Secret)) return value;
      secrets.push(original);
      return original.reveal();
    });
  }
}

function toText(chunks: readonly Uint8Array[]): string {
  return Buffer.concat(chunks).toString("utf8");
}
