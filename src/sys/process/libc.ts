// The C library, for calls that neither Bun nor Node has: the one place that opens it. Each group of calls is loaded at its first use,
// because binding a symbol compiles code: a CNI call needs `flock` and `signal` alone.

import { dlopen, type FFIFunction, FFIType, type Library, ptr } from "bun:ffi";
import { describeError } from "../errors.ts";

const soname = "libc.so.6";

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

/** What every CNI call needs, loaded at the first call and kept. Never throws. */
export function loadLibc(): LibcLoad {
  load ??= tryLoad();
  return load;
}

function tryLoad(): LibcLoad {
  try {
    const { symbols } = dlopen(soname, {
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

/** isatty(3). */
export function isatty(fd: number): boolean {
  return callOnce({ isatty: { args: [FFIType.i32], returns: FFIType.i32 } }, (libc) => libc.isatty(fd) === 1);
}

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** In place of nanoseconds: leave this time as it is. */
const UTIME_OMIT = 0x3ffffffen;
const nsPerSecond = 1_000_000_000n;

/**
 * Sets the modification time of a path, a link not followed, to the nanosecond; false when the kernel refuses.
 * utimensat(2): JavaScript's utimes takes seconds as a double, which at today's dates is exact to about 240 ns only.
 * @param mtimeNs nanoseconds since the epoch
 */
export function setMtime(path: Uint8Array, mtimeNs: bigint): boolean {
  // A time before 1970 has a negative second and still counts nanoseconds forwards.
  const nanoseconds = ((mtimeNs % nsPerSecond) + nsPerSecond) % nsPerSecond;
  const times = new BigInt64Array([0n, UTIME_OMIT, (mtimeNs - nanoseconds) / nsPerSecond, nanoseconds]);
  const name = Uint8Array.from([...path, 0]);
  const args = [FFIType.i32, FFIType.ptr, FFIType.ptr, FFIType.i32] as const;
  return callOnce(
    { utimensat: { args, returns: FFIType.i32 } },
    (libc) => libc.utimensat(AT_FDCWD, ptr(name), ptr(times), AT_SYMLINK_NOFOLLOW) === 0,
  );
}

const AF_UNIX = 1;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;

/**
 * The process that listens on an abstract socket of this network namespace, and its user, as this process's namespaces number them
 * (0: a process of another pid namespace). Undefined when nothing listens. The kernel says so: no process can pretend.
 */
export function abstractSocketOwner(name: string): { readonly pid: number; readonly uid: number } | undefined {
  const path = new TextEncoder().encode(name);
  // struct sockaddr_un: the family, a zero byte that makes it abstract, the name.
  const address = new Uint8Array([AF_UNIX, 0, 0, ...path]);
  const credentials = new Int32Array(3);
  const length = new Uint32Array([credentials.byteLength]);
  const { i32, ptr: pointer } = FFIType;
  const functions = {
    socket: { args: [i32, i32, i32], returns: i32 },
    connect: { args: [i32, pointer, i32], returns: i32 },
    getsockopt: { args: [i32, i32, i32, pointer, pointer], returns: i32 },
    close: { args: [i32], returns: i32 },
  } as const;
  return callOnce(functions, (libc) => {
    const fd = libc.socket(AF_UNIX, SOCK_STREAM_NONBLOCK_CLOEXEC, 0);
    if (fd < 0) return undefined;
    try {
      if (libc.connect(fd, ptr(address), address.length) !== 0) return undefined;
      if (libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, ptr(credentials), ptr(length)) !== 0) return undefined;
      const [pid = 0, uid = 0] = credentials;
      return { pid, uid };
    } finally {
      libc.close(fd);
    }
  });
}

/** Functions that are loaded when they are first asked for, and kept. */
export function libcFunctions<const Fns extends Record<string, FFIFunction>>(
  functions: Fns,
): () => Library<Fns>["symbols"] {
  let symbols: Library<Fns>["symbols"] | undefined;
  return () => {
    symbols ??= dlopen(soname, functions).symbols;
    return symbols;
  };
}

/** Loads functions for one use. */
function callOnce<const Fns extends Record<string, FFIFunction>, T>(
  functions: Fns,
  use: (symbols: Library<Fns>["symbols"]) => T,
): T {
  const library = dlopen(soname, functions);
  try {
    return use(library.symbols);
  } finally {
    library.close();
  }
}
