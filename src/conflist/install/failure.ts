// The errors of installing and restoring: which file, what the kernel said, and what the operator can do about it.

import { type ConflistProblem, problemSentence } from "../../spec/problem.ts";
import type { ErrorCode } from "../../sys/error-codes.ts";
import { describeError, errnoOf, HeadcniError } from "../../sys/errors.ts";

/** A conflist that must not be put in force. Carries every problem, for callers that list them. */
export class ConflistInvalidError extends HeadcniError {
  override readonly name = "ConflistInvalidError";
  readonly problems: readonly ConflistProblem[];

  /** @param problems at least one */
  constructor(path: string, problems: readonly ConflistProblem[]) {
    const [first] = problems;
    const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : "";
    const what = first === undefined ? "it is not valid" : `${problemSentence(first)}${more}`;
    super("HC_CONFLIST_INVALID", `Cannot put ${path} in force: ${what}`, { hint: first?.hint, details: { problems } });
    this.problems = problems;
  }
}

const hints: Readonly<Record<string, string>> = {
  EROFS: "mount it writable; in a pod, mount the host's folder without readOnly",
  ENOSPC: "free space on that file system; what was there before is still in force",
  EDQUOT: "free space on that file system; what was there before is still in force",
  EACCES: "run as root; on a system with SELinux or AppArmor, allow HeadCNI to write there",
  EPERM: "run as root; check for the immutable attribute with lsattr",
};

/**
 * Runs `action`; a failure of the file system comes out as `code`, saying what could not be done and why.
 * Anything else passes through.
 * @param what action first, e.g. `Cannot write the conflist /etc/cni/net.d/10-headcni.conflist`
 */
export function attempt<T>(code: ErrorCode, what: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof HeadcniError) || !error.code.startsWith("HC_FILE_")) throw error;
    const errno = errnoOf(error.cause);
    // Without an errno it is one of our own sentences (too large, not a regular file), which says more than the cause.
    const why = errno === undefined ? error.message : describeError(error.cause);
    throw new HeadcniError(code, `${what}: ${why}`, {
      hint: errno === undefined ? undefined : hints[errno],
      cause: error.cause,
      details: { ...error.details, errno },
    });
  }
}
