// A server in place of the network: the real client, with its limits, times and errors, over a function of the test.

import { realClock } from "../clock.ts";
import type { JsonValue } from "../json.ts";
import type { Http, HttpTarget, HttpTransport, WireRequest, WireResponse } from "./http.ts";
import { createHttpClient } from "./http-client.ts";

export interface FakeHttpRequest {
  readonly target: HttpTarget;
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** By lower-case name; the bearer in clear. */
  readonly headers: Readonly<Record<string, string>>;
  /** As it was sent, parsed; undefined when nothing was. */
  readonly body: unknown;
  /** Aborts when the client calls the request off. */
  readonly signal: AbortSignal;
}

export interface FakeHttpAnswer {
  /** @default 200 */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly json?: JsonValue;
  /** Sent as it is; a stream piece by piece, and one that throws is a connection that breaks. */
  readonly body?: string | AsyncIterable<string>;
}

export interface FakeHttp extends Http {
  /** All that were sent, in order. */
  readonly requests: readonly FakeHttpRequest[];
}

/** What a connection fails with, for `answer` to throw: `ECONNREFUSED`, `ENOENT`, `CERT_HAS_EXPIRED` … */
export function connectionError(code: string): Error {
  return Object.assign(new Error(`connect ${code}`), { code });
}

/** @param answer throws what a connection fails with */
export function fakeHttp(
  answer: (request: FakeHttpRequest) => FakeHttpAnswer | Promise<FakeHttpAnswer>,
  clock = realClock,
): FakeHttp {
  const requests: FakeHttpRequest[] = [];
  const transport = (target: HttpTarget): HttpTransport => ({
    send: async ({ method, path, headers, body }: WireRequest, signal) => {
      const request = {
        target,
        method,
        path,
        headers,
        body: body === undefined ? undefined : JSON.parse(body),
        signal,
      };
      requests.push(request);
      const answered = await orAbort(Promise.resolve(answer(request)), signal);
      return { status: answered.status ?? 200, headers: answered.headers ?? {}, body: bytesOf(answered, signal) };
    },
    [Symbol.dispose]: () => undefined,
  });
  return {
    requests,
    connect: async (target, { bearer } = {}) =>
      createHttpClient({ clock, target, bearer, transport: transport(target) }),
  } satisfies FakeHttp;
}

async function* bytesOf(
  { json, body = "" }: FakeHttpAnswer,
  signal: AbortSignal,
): WireResponse["body"] & AsyncGenerator<Uint8Array> {
  const text = json === undefined ? body : JSON.stringify(json);
  const pieces = typeof text === "string" ? [text] : text;
  const encoder = new TextEncoder();
  const iterator = Array.isArray(pieces) ? pieces.values() : pieces[Symbol.asyncIterator]();
  for (;;) {
    const next = await orAbort(Promise.resolve(iterator.next()), signal);
    if (next.done === true) return;
    yield encoder.encode(next.value);
  }
}

/** Rejects when `signal` aborts before `promise` is settled. */
async function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(new Error("called off"));
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted.promise]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
