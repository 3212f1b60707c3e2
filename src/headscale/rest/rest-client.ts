// Headscale's REST API as calls: where it is, the key, times, and one form of error. One call is one request: what is repeated, and from
// where on, belongs to the caller (`retry.ts`), for an approval must never be sent a second time without its node being read anew.

import type { JsonValue } from "../../sys/json.ts";
import type { HttpAnswer, HttpBody, HttpClient, WholeRequest } from "../../sys/net/http.ts";
import { HttpError } from "../../sys/net/http-error.ts";
import type { Secret } from "../../sys/secret.ts";
import type { System } from "../../sys/system.ts";
import { errorOfAnswer, errorOfRequest, HeadscaleError } from "./headscale-error.ts";

export interface HeadscaleServer {
  /** `https://host[:port]`, with the path a proxy may have put it under. */
  readonly url: string;
  readonly key: Secret;
  /** Of its own CA; undefined: the machine's count. */
  readonly caFile: string | undefined;
}

export interface RestRequest {
  readonly method?: WholeRequest["method"];
  readonly path: string;
  readonly body?: HttpBody;
  /** What is to be done, for the error: `list the nodes`. */
  readonly action: string;
  /** Sent without the key. */
  readonly isOpen?: boolean;
}

export interface Rest extends Disposable {
  readonly url: string;
  /** The answer, whatever its status. @throws HeadscaleError when none comes; HttpError when `signal` aborts */
  ask(request: RestRequest, signal: AbortSignal): Promise<HttpAnswer>;
  /** The answer's JSON. @throws HeadscaleError also for one whose status is not 2xx */
  json(request: RestRequest, signal: AbortSignal): Promise<JsonValue>;
  errorOf(answer: HttpAnswer, action: string): HeadscaleError;
}

/** Headscale 0.29 takes up to a second to approve, on a busy machine longer. */
const timeoutMs = 10_000;
/** 1.24 KB a node. */
const maxBytes = 16 << 20;

/** Makes no connection yet. @throws HeadcniError HC_FILE_READ when the CA's file cannot be read */
export async function connectRest({ http }: Pick<System, "http">, server: HeadscaleServer): Promise<Rest> {
  const { url, key, caFile } = server;
  const { origin, pathname } = new URL(url);
  const target = { kind: "tcp", origin, caFile } as const;
  const withKey = await http.connect(target, { bearer: key });
  const open = await http.connect(target);
  const prefix = pathname.replace(/\/+$/, "");

  const ask = async (request: RestRequest, signal: AbortSignal): Promise<HttpAnswer> => {
    const { method, path, body, action, isOpen = false } = request;
    const client: HttpClient = isOpen ? open : withKey;
    const times = { timeoutMs, headersTimeoutMs: timeoutMs, maxBytes };
    try {
      return await client.request({ method, path: `${prefix}${path}`, body, signal, ...times });
    } catch (error) {
      if (!(error instanceof HttpError)) throw error;
      throw errorOfRequest(error, { url, action });
    }
  };
  const errorOf = (answer: HttpAnswer, action: string): HeadscaleError =>
    errorOfAnswer({ ...answer, text: key.redactIn(answer.text) }, { url, action });
  return {
    url,
    ask,
    errorOf,
    json: async (request, signal) => {
      const answer = await ask(request, signal);
      if (answer.status < 200 || answer.status > 299) throw errorOf(answer, request.action);
      return parse(answer, { url, action: request.action });
    },
    [Symbol.dispose]: () => {
      withKey[Symbol.dispose]();
      open[Symbol.dispose]();
    },
  };
}

function parse({ text, status }: HttpAnswer, names: { readonly url: string; readonly action: string }): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch (cause) {
    const why = `what answers there (${status}) is not Headscale's API: it sends no JSON`;
    throw new HeadscaleError({ ...names, failure: "answer", why, cause });
  }
}
