// Whether a path leads to a namespace, and whether to the one of this process. An unmounted namespace leaves an empty file behind, so
// that existence says nothing.

import * as fs from "node:fs";

/** `f_type` of nsfs, and of proc where kernels before 3.19 kept namespaces (linux/magic.h). */
const namespaceMagics: readonly number[] = [0x6e736673, 0x9fa0];

/** True for a namespace's file on this machine; false for anything else, or nothing. */
export function isNamespace(hostPath: string): boolean {
  try {
    return namespaceMagics.includes(fs.statfsSync(hostPath).type);
  } catch {
    // Not there, or not to be reached: nothing can be entered by this path.
    return false;
  }
}

/** Whether a path leads to the network namespace this process is in. */
export function isOwnNetworkNamespace(hostPath: string): boolean {
  try {
    const named = fs.statSync(hostPath);
    const own = fs.statSync("/proc/self/ns/net");
    return named.ino === own.ino && named.dev === own.dev;
  } catch {
    // As above; without /proc there is nothing to compare with.
    return false;
  }
}
