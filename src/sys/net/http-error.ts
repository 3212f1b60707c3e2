// What went wrong with a request, in words for the person who reads the log: where it was sent, what was found there, what to do.
// Neither headers nor the query go into an error, and of the answer only printable text of a bounded length.

import { describeError, errnoOf, HeadcniError } from "../errors.ts";
import { printable } from "../log/printable.ts";
import type { HttpTarget } from "./http.ts";

export type HttpFailure =
  /** No connection, or not one that can be trusted. */
  | "unreachable"
  /** One of the request's times ran out. */
  | "late"
  /** The caller called it off. */
  | "aborted"
  /** The answer's status is not 2xx. */
  | "status"
  /** The answer is cut short, too large, or not what was asked for. */
  | "answer";

export interface HttpErrorOptions {
  readonly failure: HttpFailure;
  readonly method: string;
  readonly path: string;
  readonly target: HttpTarget;
  /** The end of the sentence: `nothing listens there`. */
  readonly why: string;
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  readonly status?: number | undefined;
  /** Whether the same comes of it until somebody has changed something. @default false */
  readonly isLasting?: boolean | undefined;
}

/** A request that did not bring what was asked for. */
export class HttpError extends HeadcniError {
  override readonly name = "HttpError";
  readonly failure: HttpFailure;
  /** Set when an answer came. */
  readonly status: number | undefined;
  /** Whether the same comes of it until somebody has changed something: a certificate that cannot be trusted. */
  readonly isLasting: boolean;
  /** `https://host:port`, or the path of the socket. */
  readonly endpoint: string;
  /** Without the query. */
  readonly path: string;

  constructor({ failure, method, path, target, why, hint, cause, status, isLasting = false }: HttpErrorOptions) {
    const endpoint = endpointOf(target);
    const pathname = path.replace(/\?.*$/s, "");
    const code = failure === "unreachable" || failure === "late" ? "HC_HTTP_UNREACHABLE" : "HC_HTTP_FAILED";
    super(code, `Cannot ${method} ${pathname} of ${endpoint}: ${why}`, { hint, cause: plainCause(cause) });
    this.failure = failure;
    this.endpoint = endpoint;
    this.path = pathname;
    this.status = status;
    this.isLasting = isLasting;
  }
}

/** `https://host:port`, or the path of the socket. */
export function endpointOf(target: HttpTarget): string {
  return target.kind === "unix" ? target.socketPath : target.origin;
}

const excerptLength = 300;

/** The start of an answer, in one printable line. */
export function excerptOf(body: string): string {
  const line = printable(body.trim().replaceAll(/\s+/g, " "));
  return line.length <= excerptLength ? line : `${line.slice(0, excerptLength)}…`;
}

/** Runtimes put the request, with its headers, and bytes of the answer on their errors: what stays is its message and code. */
function plainCause(cause: unknown): Error | undefined {
  if (!(cause instanceof Error)) return undefined;
  const { code } = cause as { code?: unknown };
  return Object.assign(new Error(cause.message), typeof code === "string" ? { code } : {});
}

interface Words {
  readonly why: string;
  readonly hint?: string | undefined;
}

/** Why there is no connection, or none that can be trusted, from what the runtime threw. */
export function describeConnection(error: unknown, target: HttpTarget): Words & { readonly isLasting: boolean } {
  const code = codeOf(error);
  const lasting = lastingWords(code, target);
  if (lasting !== undefined) return { ...lasting, isLasting: true };
  return { ...(passingWords(code, target) ?? { why: describeError(error) }), isLasting: false };
}

/** What may be otherwise at the next attempt. */
function passingWords(code: string, target: HttpTarget): Words | undefined {
  if (target.kind === "unix") {
    if (code === "ENOENT") return { why: "there is no such socket", hint: "start the program that makes it" };
    if (code === "ECONNREFUSED") {
      return { why: "no program listens on this socket any more", hint: "start the program that made it" };
    }
  }
  const unknownName: Words = { why: "its name is not known", hint: "look at the name, and at this machine's DNS" };
  const words: Readonly<Record<string, Words>> = {
    ENOTFOUND: unknownName,
    EAI_AGAIN: unknownName,
    ECONNRESET: { why: "it closed the connection without an answer" },
    EPIPE: { why: "it closed the connection without an answer" },
    EHOSTUNREACH: { why: "there is no way to this host" },
    ENETUNREACH: { why: "there is no way to its network" },
  };
  return words[code];
}

/** What stays as it is until somebody has changed something. */
function lastingWords(code: string, target: HttpTarget): Words | undefined {
  if (/^HPE_/.test(code)) return { why: "what answers there does not speak HTTP" };
  if (/^ERR_SSL_/.test(code)) {
    const why = "what answers there does not speak TLS as this program does";
    return { why, hint: "see whether it is to be http:" };
  }
  const caFile = target.kind === "tcp" ? target.caFile : undefined;
  const untrusted: Words =
    caFile === undefined
      ? { why: "its certificate is from a CA that this machine does not know", hint: "name the file of its CA" }
      : { why: `its certificate is not from the CA in ${caFile}`, hint: "put the certificate of its CA there" };
  const words: Readonly<Record<string, Words>> = {
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
    UNABLE_TO_GET_ISSUER_CERT: untrusted,
    UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
    SELF_SIGNED_CERT_IN_CHAIN: untrusted,
    DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
    CERT_SIGNATURE_FAILURE: untrusted,
    CERT_HAS_EXPIRED: { why: "its certificate has expired", hint: "renew it, or set this machine's clock" },
    CERT_NOT_YET_VALID: { why: "its certificate is not valid yet", hint: "set this machine's clock" },
    ERR_TLS_CERT_ALTNAME_INVALID: {
      why: "its certificate is for another name",
      hint: "ask it by a name or address that its certificate holds",
    },
    ERR_BORINGSSL: { why: `${caFile ?? "the file of its CA"} holds no certificate`, hint: "put it there as PEM" },
  };
  return words[code];
}

function codeOf(error: unknown): string {
  const errno = errnoOf(error);
  if (errno !== undefined) return errno;
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined;
  return typeof code === "string" ? code : "";
}
