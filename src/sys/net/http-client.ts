// Requests to a server over a unix socket, TCP or TLS: text, JSON, or a stream of lines, each with its times and limits. How bytes
// get there is the transport's affair, so that a fake one (`testing.ts`) has the same limits and errors.

import { HeadcniError } from "../errors.ts";
import type { Files } from "../fs/files.ts";
import type { JsonValue } from "../json.ts";
import { LineTooLong, splitLines } from "../lines.ts";
import type { Machine } from "../machine.ts";
import type {
  ClientIdentity,
  HttpAnswer,
  HttpClient,
  HttpClientOptions,
  HttpTarget,
  HttpTransport,
  StreamRequest,
  WholeRequest,
} from "./http.ts";
import { HttpAttempt, type HttpClientParts } from "./http-attempt.ts";
import { HttpError } from "./http-error.ts";
import type { WireTarget } from "./http-transport.ts";

const defaultTimeoutMs = 30_000;
const defaultMaxBytes = 16 << 20;

/** A client of this machine. @throws HeadcniError as `Http.connect` says */
export function connectHttp(
  { files, clock }: Pick<Machine, "files" | "clock">,
  target: HttpTarget,
  { bearer, identity }: HttpClientOptions = {},
): HttpClient {
  return createHttpClient({ clock, target, bearer, transport: nodeTransport(wireTarget(files, target, identity)) });
}

/** A client over any transport. */
export function createHttpClient(parts: HttpClientParts): HttpClient {
  return {
    request: (request) => ask(parts, request, (attempt) => attempt.send()),
    text: async (request) => (await ask(parts, request, (attempt) => attempt.sendForSuccess())).text,
    json: (request) => askDecoded(parts, request, parseJson),
    decoded: (request, decode) => askDecoded(parts, request, decode),
    lines: (request) => streamLines(parts, request),
    [Symbol.dispose]: () => parts.transport[Symbol.dispose](),
  };
}

async function ask(
  parts: HttpClientParts,
  request: WholeRequest,
  send: (attempt: HttpAttempt) => ReturnType<HttpAttempt["send"]>,
): Promise<HttpAnswer> {
  const { timeoutMs = defaultTimeoutMs, maxBytes = defaultMaxBytes } = request;
  using attempt = new HttpAttempt(parts, request);
  attempt.deadline.start(timeoutMs, `its answer was not complete within ${timeoutMs / 1000} s`);
  const response = await send(attempt);
  const { status, headers } = response;
  return { status, headers, text: await attempt.readText(response, maxBytes) };
}

function parseJson(text: string): JsonValue {
  return text.trim() === "" ? null : (JSON.parse(text) as JsonValue);
}

async function askDecoded<T>(parts: HttpClientParts, request: WholeRequest, decode: (text: string) => T): Promise<T> {
  const { status, text } = await ask(parts, request, (attempt) => attempt.sendForSuccess());
  try {
    return decode(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    using attempt = new HttpAttempt(parts, request);
    throw attempt.fail({ failure: "answer", status, why: `its answer is not JSON: ${attempt.excerpt(text)}`, cause });
  }
}

async function* streamLines(parts: HttpClientParts, request: StreamRequest): AsyncGenerator<string> {
  const { maxLineBytes = defaultMaxBytes, idleTimeoutMs } = request;
  using attempt = new HttpAttempt(parts, request);
  try {
    const response = await attempt.sendForSuccess();
    yield* splitLines(attempt.chunks(response, idleTimeoutMs), maxLineBytes);
  } catch (error) {
    if (error instanceof HttpError && error.failure === "aborted") return;
    if (!(error instanceof LineTooLong)) throw error;
    throw attempt.fail({ failure: "answer", why: `a line of its answer is longer than ${maxLineBytes} bytes` });
  }
}

function wireTarget(files: Files, target: HttpTarget, identity: ClientIdentity | undefined): WireTarget {
  if (target.kind === "unix") return { kind: "unix", hostPath: () => files.hostPath(target.socketPath) };
  const { origin, caFile } = target;
  const ca = target.ca ?? (caFile === undefined ? undefined : new TextDecoder().decode(files.read(caFile)));
  const url = URL.parse(origin);
  if (url === null)
    throw new HeadcniError("HC_HTTP_UNREACHABLE", `Cannot ask ${origin}: this is no address of a server`);
  return { kind: "tcp", origin: url, ca, identity };
}

/** Loaded with the first request: `node:http` costs 2 ms. */
function nodeTransport(target: WireTarget): HttpTransport {
  let loaded: Promise<HttpTransport> | undefined;
  const load = async (): Promise<HttpTransport> => (await import("./http-transport.ts")).createNodeTransport(target);
  return {
    send: async (request, signal) => {
      loaded ??= load();
      return (await loaded).send(request, signal);
    },
    [Symbol.dispose]: () => {
      const close = async (): Promise<void> => (await loaded)?.[Symbol.dispose]();
      void close();
    },
  };
}
