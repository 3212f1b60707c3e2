// TCP sockets as the kernel has them, for a connect whose failure must be told apart: Bun's own sockets say ECONNREFUSED for each,
// also where this machine knows no way there. Bound at the first use, which compiles code.

import { FFIType, ptr, read } from "bun:ffi";
import { libcFunctions } from "../process/libc.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM_NONBLOCK_CLOEXEC = 1 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_ERROR = 4;
const POLLOUT = 4;

const { i32, u64, ptr: pointer } = FFIType;
const bound = libcFunctions({
  socket: { args: [i32, i32, i32], returns: i32 },
  bind: { args: [i32, pointer, i32], returns: i32 },
  connect: { args: [i32, pointer, i32], returns: i32 },
  poll: { args: [pointer, u64, i32], returns: i32 },
  getsockopt: { args: [i32, i32, i32, pointer, pointer], returns: i32 },
  close: { args: [i32], returns: i32 },
  inet_pton: { args: [i32, pointer, pointer], returns: i32 },
  __errno_location: { args: [], returns: pointer },
});
type Libc = ReturnType<typeof bound>;

/** Errors by their numbers, the same on amd64 and arm64. */
export const errno = {
  EPERM: 1,
  EACCES: 13,
  EINVAL: 22,
  EADDRNOTAVAIL: 99,
  ENETUNREACH: 101,
  ETIMEDOUT: 110,
  ECONNREFUSED: 111,
  EHOSTUNREACH: 113,
  EINPROGRESS: 115,
} as const;

/** A socket that does not block. Methods give 0, or the number of an error. */
export interface TcpSocket extends Disposable {
  bind(address: Uint8Array): number;
  /** EINPROGRESS when the outcome comes later. */
  connect(address: Uint8Array): number;
  /** Whether a connect that was in progress has an outcome. */
  isDone(): boolean;
  /** The error that is pending, which is taken. */
  takeError(): number;
}

/**
 * An address of a socket (sockaddr_in, sockaddr_in6).
 * @throws RangeError for text that is no address
 */
export function socketAddress(text: string, port: number): Uint8Array {
  const isIpv6 = text.includes(":");
  const bytes = new Uint8Array(isIpv6 ? 28 : 16);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, isIpv6 ? AF_INET6 : AF_INET, true);
  view.setUint16(2, port);
  const addr = new Uint8Array(16);
  const name = new TextEncoder().encode(`${text}\0`);
  if (bound().inet_pton(isIpv6 ? AF_INET6 : AF_INET, ptr(name), ptr(addr)) !== 1)
    throw new RangeError(`Not an address: ${text}`);
  bytes.set(isIpv6 ? addr : addr.subarray(0, 4), isIpv6 ? 8 : 4);
  return bytes;
}

/** @throws Error when the kernel gives none, with its number */
export function openTcpSocket(isIpv6: boolean): TcpSocket {
  const libc = bound();
  const fd = libc.socket(isIpv6 ? AF_INET6 : AF_INET, SOCK_STREAM_NONBLOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error(`No socket: error ${lastError(libc)}`);
  return {
    bind: (address) => (libc.bind(fd, ptr(address), address.length) === 0 ? 0 : lastError(libc)),
    connect: (address) => (libc.connect(fd, ptr(address), address.length) === 0 ? 0 : lastError(libc)),
    isDone: () => {
      // struct pollfd: descriptor, events asked for, events that hold. Errors are told of unasked.
      const polled = new DataView(new ArrayBuffer(8));
      polled.setInt32(0, fd, true);
      polled.setInt16(4, POLLOUT, true);
      return libc.poll(ptr(polled), 1, 0) > 0;
    },
    takeError: () => {
      const value = new Int32Array(1);
      return libc.getsockopt(fd, SOL_SOCKET, SO_ERROR, ptr(value), ptr(new Int32Array([4]))) === 0
        ? (value[0] ?? 0)
        : lastError(libc);
    },
    [Symbol.dispose]: () => void libc.close(fd),
  };
}

let errorAt: ReturnType<Libc["__errno_location"]> | undefined;

/** Of the call before: nothing may come between. */
function lastError(libc: Libc): number {
  errorAt ??= libc.__errno_location();
  return errorAt === null || errorAt === undefined ? 0 : read.i32(errorAt, 0);
}
