// Runs a few calls in another network namespace: sockets stay in the one they are made in, so making them there is enough.

import { FFIType } from "bun:ffi";
import * as fs from "node:fs";
import { HeadcniError } from "../errors.ts";
import { libcFunctions } from "./libc.ts";

const CLONE_NEWNET = 0x40000000;

const bound = libcFunctions({ setns: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 } });

/**
 * What `work` returns; what it does after its first wait is done outside again.
 * @param hostPath of the namespace's file
 * @throws HeadcniError HC_NETNS when it cannot be entered; the process ends when it cannot be left, for it would be another node's
 */
export function inNetworkNamespace<T>(hostPath: string, work: () => T): T {
  const libc = bound();
  const own = fs.openSync("/proc/thread-self/ns/net", "r");
  const other = fs.openSync(hostPath, "r");
  try {
    if (libc.setns(other, CLONE_NEWNET) !== 0) {
      throw new HeadcniError(
        "HC_NETNS",
        `Cannot enter the network namespace ${hostPath}: it takes root (CAP_SYS_ADMIN)`,
      );
    }
    const result = attempt(work);
    if (libc.setns(own, CLONE_NEWNET) !== 0) throw new Error("Cannot leave the network namespace of the test's pod");
    return result();
  } finally {
    fs.closeSync(own);
    fs.closeSync(other);
  }
}

/** What `work` gives, or throws, once it is asked. */
function attempt<T>(work: () => T): () => T {
  try {
    const value = work();
    return () => value;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
