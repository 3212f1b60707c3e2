// The one error class of HeadCNI and the words for what the kernel says. Everything that reaches a
// person carries a stable code, one sentence, and where possible what to do about it.

import type { ErrorCode } from "./error-codes.ts";
import { redactText } from "./redact.ts";

export interface HeadcniErrorOptions {
  /** What the reader can do about it: one sentence, no final period. */
  readonly hint?: string | undefined;
  readonly cause?: unknown;
  /** Plain data for machines: never a secret. */
  readonly details?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The base of every expected failure. `message` is a sentence fit for a person (action first, then the
 * state found), `hint` says the remedy, `cause` keeps what was underneath.
 */
export class HeadcniError extends Error {
  override readonly name: string = "HeadcniError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;
  /** Each thing that is wrong, where more than one can be. */
  readonly issues: readonly ErrorIssue[] = [];

  constructor(code: ErrorCode, message: string, options: HeadcniErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}

/**
 * Lets an expected failure (one of ours) through and throws anything else on, which is a fault in HeadCNI: the first line of
 * every `catch` that turns a failure into an answer.
 * @throws `error` itself when it is no HeadcniError
 */
export function expected(error: unknown): asserts error is HeadcniError {
  if (!(error instanceof HeadcniError)) throw error;
}

/** One thing that is wrong in a document; `path` is where: `plugins[0].ipam.subnet`, "" for the whole. */
interface ErrorIssue {
  readonly path: string;
  readonly message: string;
  /** What the operator can do about it. */
  readonly hint?: string | undefined;
}

/** One problem in a configuration file; `path` is the key path, e.g. `network.mtu`. */
export interface ConfigIssue extends ErrorIssue {
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

/**
 * What an operator wrote is wrong. Thrown for the config file, the environment and flags alike. What looks like a key or token is
 * left out of its sentences, for it may have been written in the wrong place.
 */
export class ConfigError extends HeadcniError {
  override readonly name = "ConfigError";
  override readonly issues: readonly ConfigIssue[];

  constructor(code: ErrorCode, message: string, issues: readonly ConfigIssue[], options: HeadcniErrorOptions = {}) {
    super(code, redactText(message), options);
    this.issues = issues.map((issue) => {
      return { ...issue, path: redactText(issue.path), message: redactText(issue.message) };
    });
  }
}

/** The errno name of a system error (`ENOENT`), or undefined for anything else. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const code = (error as { code?: unknown }).code;
  return typeof code === "string" && /^E[A-Z0-9]+$/.test(code) ? code : undefined;
}

const errnoWords: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  ENOENT: "does not exist",
  EEXIST: "already exists",
  ENOTDIR: "a part of the path is not a directory",
  EISDIR: "is a directory",
  ELOOP: "too many symbolic links",
  EROFS: "the file system is read-only",
  ENOSPC: "no space left on the device",
  EDQUOT: "the disk quota is exceeded",
  EMFILE: "too many open files",
  ENFILE: "too many open files on this machine",
  EXDEV: "source and target are on different file systems",
  ENAMETOOLONG: "the name is too long",
  EIO: "input/output error",
  EBUSY: "is in use",
  ETXTBSY: "the program file is being written",
  ENOEXEC: "is not a program this machine can run",
  ECONNREFUSED: "nothing listens there",
  ETIMEDOUT: "timed out",
};

/**
 * What a parser says of a text, without the pieces of that text it quotes: a file of another program holds passwords. A single mark,
 * as in `Expected ']'`, is no piece of anything.
 */
export function withoutQuotes(message: string): string {
  return message
    .replace(/(["'])[^\w\s]\1|["'].*["']/gs, (quoted, mark: string | undefined) => (mark === undefined ? "…" : quoted))
    .replace(/:? …$/, "");
}

/** A short phrase for any thrown value: the kernel's error in words, else its message; a parser's without what it quotes. */
export function describeError(error: unknown): string {
  const errno = errnoOf(error);
  if (errno !== undefined) return errnoWords[errno] ?? errno;
  if (error instanceof SyntaxError) return withoutQuotes(error.message);
  if (error instanceof Error) return error.message;
  return String(error);
}
