// The two calls of the C library that neither Bun nor Node has and that every CNI call needs.

import { dlopen, FFIType } from "bun:ffi";
import { describeError } from "../errors.ts";

interface Libc {
  flock(fd: number, operation: number): number;
  /** signal(2); 0 as handler is SIG_DFL. */
  signal(signal: number, handler: null): unknown;
}

export type LibcLoad =
  | { readonly kind: "loaded"; readonly libc: Libc }
  /** On a host that lets a process make no code while it runs (systemd's MemoryDenyWriteExecute). */
  | { readonly kind: "refused"; readonly why: string };

let load: LibcLoad | undefined;

/** The library, loaded at the first call. Never throws. */
export function loadLibc(): LibcLoad {
  load ??= tryLoad();
  return load;
}

function tryLoad(): LibcLoad {
  try {
    const { symbols } = dlopen("libc.so.6", {
      flock: { args: [FFIType.i32, FFIType.i32], returns: FFIType.i32 },
      signal: { args: [FFIType.i32, FFIType.ptr], returns: FFIType.ptr },
    });
    return { kind: "loaded", libc: symbols };
  } catch (error) {
    return { kind: "refused", why: describeError(error) };
  }
}

const SIGCHLD = 17;
let isRestored = false;

/**
 * Undoes an inherited `trap "" CHLD`: with SIGCHLD ignored the kernel keeps no exit status, and waiting for a child fails with ECHILD.
 */
export function heedChildren(): void {
  if (isRestored) return;
  isRestored = true;
  const loaded = loadLibc();
  if (loaded.kind === "loaded") loaded.libc.signal(SIGCHLD, null);
}
