// What the file system refuses while configurations are worked on, as one sentence: which file, what the kernel said, and what
// the operator can do about it.

import type { ErrorCode } from "../../sys/error-codes.ts";
import { describeError, errnoOf, HeadcniError } from "../../sys/errors.ts";
import { refusalHint } from "../../sys/fs/refusal.ts";

/** What a failure is called: its code, and what could not be done, e.g. `Cannot write the conflist /etc/cni/net.d/…`. */
export type FailureName = readonly [code: ErrorCode, what: string];

/** Runs `action`; a failure of the file system comes out under its name, with the reason. Anything else passes through. */
export function attempt<T>([code, what]: FailureName, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof HeadcniError) || !error.code.startsWith("HC_FILE_")) throw error;
    const errno = errnoOf(error.cause);
    // Without an errno it is one of our own sentences (too large, not a regular file), which says more than the cause.
    const why = errno === undefined ? error.message : describeError(error.cause);
    throw new HeadcniError(code, `${what}: ${why}`, {
      hint: refusalHint(errno),
      cause: error.cause,
      details: { ...error.details, errno },
    });
  }
}
