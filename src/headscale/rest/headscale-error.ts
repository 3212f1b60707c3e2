// What Headscale answered, in one form for all generations of its API: gRPC's error object, problem+json (RFC 9457), plain text. It says
// what went wrong, and with it whether the same call can succeed later.

import { HeadcniError } from "../../sys/errors.ts";
import { tryParseJsonObject } from "../../sys/json.ts";
import type { HttpAnswer } from "../../sys/net/http.ts";
import { excerptOf, type HttpError } from "../../sys/net/http-error.ts";
import { redactText } from "../../sys/redact.ts";

export type HeadscaleFailure =
  /** It does not take the API key. */
  | "key"
  /** There is no such node, user, call, or route of the node. */
  | "absent"
  /** It does not do this, however often it is asked. */
  | "refused"
  /** It does not answer, or says that it cannot at the moment. */
  | "unavailable"
  /** What came is not an answer of Headscale's API. */
  | "answer";

interface HeadscaleErrorOptions {
  readonly url: string;
  /** What was to be done: `list the nodes`. */
  readonly action: string;
  readonly failure: HeadscaleFailure;
  /** The end of the sentence. */
  readonly why: string;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
}

/** A call that did not bring what was asked for. */
export class HeadscaleError extends HeadcniError {
  override readonly name = "HeadscaleError";
  readonly failure: HeadscaleFailure;
  /** The end of the sentence, for one that is made of it. */
  readonly why: string;

  constructor({ url, action, failure, why, hint, cause }: HeadscaleErrorOptions) {
    const code = failure === "key" ? "HC_HEADSCALE_KEY" : "HC_HEADSCALE_FAILED";
    super(code, `Cannot ${action} of Headscale at ${url}: ${why}`, { hint: hint ?? hints[failure], cause });
    this.failure = failure;
    this.why = why;
  }
}

const hints: Partial<Record<HeadscaleFailure, string>> = {
  key: "make a new key (headscale apikeys create --expiration 90d) and write it into the key's file",
  unavailable: "see whether Headscale runs, and whether headscale.url is its server_url",
  answer: "see whether headscale.url is Headscale's server_url, without a path of its own",
};

export interface CallNames {
  readonly url: string;
  readonly action: string;
}

/** The error of an answer whose status is not 2xx. */
export function errorOfAnswer(answer: HttpAnswer, names: CallNames): HeadscaleError {
  const { status } = answer;
  const said = sayingOf(answer);
  const failure = failureOf(answer, said);
  const why =
    failure === "key"
      ? "it does not take the API key, which is wrong, expired or revoked"
      : `it answered ${status}${said.words === "" ? "" : `: ${said.words}`}`;
  return new HeadscaleError({ ...names, failure, why });
}

/** The error of a request that brought no answer. @throws HttpError one that was called off */
export function errorOfRequest(error: HttpError, names: CallNames): HeadscaleError {
  if (error.failure === "aborted") throw error;
  const [, why = error.message] = /: (.*)$/s.exec(error.message) ?? [];
  const isWrong = error.isLasting || (error.failure === "answer" && error.status === undefined);
  const failure = isWrong ? "answer" : "unavailable";
  return new HeadscaleError({ ...names, failure, why, hint: error.hint, cause: error });
}

interface Saying {
  readonly words: string;
  /** gRPC's number of the error; undefined for an answer of another form. */
  readonly grpcCode: number | undefined;
}

function sayingOf({ text }: HttpAnswer): Saying {
  const json = tryParseJsonObject(text);
  if (json === undefined) return { words: redactText(excerptOf(text)), grpcCode: undefined };
  const { code, message, title, detail, errors } = json;
  const details = Array.isArray(errors)
    ? errors.flatMap((one) =>
        typeof one === "object" && one !== null && "message" in one && typeof one.message === "string"
          ? [one.message]
          : [],
      )
    : [];
  const parts = [message, detail ?? title, ...details].filter((part): part is string => typeof part === "string");
  return {
    words: redactText(excerptOf(parts.join(": "))),
    grpcCode: typeof code === "number" ? code : undefined,
  };
}

/** 429, and what a proxy says whose Headscale is away. */
const laterStatus = new Set([429, 502, 503, 504]);
/** gRPC: deadline exceeded, resource exhausted, unavailable. */
const laterCodes = new Set([4, 8, 14]);
const laterWords = /\b(database is locked|database table is locked|connection refused|deadline exceeded|try again)\b/i;

function failureOf({ status, text }: HttpAnswer, { words, grpcCode }: Saying): HeadscaleFailure {
  // 0.25 and 0.26 answer a wrong key with 500.
  if (status === 401 || (status === 500 && text.trim() === "Unauthorized")) return "key";
  if (status >= 300 && status < 400) return "answer";
  if (laterStatus.has(status) || laterCodes.has(grpcCode ?? 0)) return "unavailable";
  // 0.25 to 0.29 say so with 400 or 500 as well.
  if (status === 404 || /\b(not found|no longer exists)\b/i.test(words)) return "absent";
  return status >= 500 && laterWords.test(words) ? "unavailable" : "refused";
}
