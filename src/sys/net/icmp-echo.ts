// One ICMP echo of a size that must not be cut on the way, by a raw socket: whether a packet as large as a pod's comes back.

import { FFIType, ptr } from "bun:ffi";
import { realClock } from "../clock.ts";
import { libcFunctions } from "../process/libc.ts";
import { socketAddress } from "./sockets.ts";

const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_RAW_NONBLOCK_CLOEXEC = 3 | 0o4000 | 0o2000000;
const IPPROTO_ICMP = 1;
const IPPROTO_ICMPV6 = 58;
const IPPROTO_IPV6 = 41;
const IP_MTU_DISCOVER = 10;
const IPV6_MTU_DISCOVER = 23;
/** The don't-fragment bit is set, and what the kernel knows of the path is not believed: the packet itself is the question. */
const PMTUDISC_PROBE = 3;

const { i32, u64, i64_fast, ptr: pointer } = FFIType;
const bound = libcFunctions({
  socket: { args: [i32, i32, i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, pointer, i32], returns: i32 },
  sendto: { args: [i32, pointer, u64, i32, pointer, i32], returns: i64_fast },
  recv: { args: [i32, pointer, u64, i32], returns: i64_fast },
  close: { args: [i32], returns: i32 },
});

export interface EchoOptions {
  readonly to: string;
  /** Of the whole IP packet. */
  readonly bytes: number;
  readonly timeoutMs: number;
  /** Tells this process's echoes apart; 16 bits each. */
  readonly id: number;
  readonly sequence: number;
}

export type EchoOutcome =
  | { readonly kind: "answered"; readonly rttMs: number }
  /** Nothing came back in time, or this machine has no way there, or a device that is too small. */
  | { readonly kind: "silent" | "too-large" | "no-route" }
  /** No raw socket: another user than root. */
  | { readonly kind: "refused" };

/** Everything up to the first wait is done at once, in the network namespace the caller is in. Never throws for what the network does. */
export async function icmpEcho(options: EchoOptions): Promise<EchoOutcome> {
  const { to, timeoutMs } = options;
  const libc = bound();
  const isV6 = to.includes(":");
  const fd = libc.socket(isV6 ? AF_INET6 : AF_INET, SOCK_RAW_NONBLOCK_CLOEXEC, isV6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
  if (fd < 0) return { kind: "refused" };
  try {
    const mode = new Int32Array([PMTUDISC_PROBE]);
    libc.setsockopt(fd, isV6 ? IPPROTO_IPV6 : 0, isV6 ? IPV6_MTU_DISCOVER : IP_MTU_DISCOVER, ptr(mode), 4);
    const packet = echoRequest(options, isV6);
    const address = socketAddress(to, 0);
    const startMs = realClock.monotonicMs();
    if (libc.sendto(fd, ptr(packet), packet.length, 0, ptr(address), address.length) < 0) {
      return { kind: libc.sendto(fd, ptr(packet), 8, 0, ptr(address), address.length) < 0 ? "no-route" : "too-large" };
    }
    const buffer = new Uint8Array(1 << 16);
    while (realClock.monotonicMs() - startMs < timeoutMs) {
      const length = Number(libc.recv(fd, ptr(buffer), buffer.length, 0));
      const rttMs = realClock.monotonicMs() - startMs;
      if (length > 0 && isAnswer(buffer.subarray(0, length), options, isV6)) return { kind: "answered", rttMs };
      if (length <= 0) await realClock.sleep(rttMs < 20 ? 0 : 2);
    }
    return { kind: "silent" };
  } finally {
    libc.close(fd);
  }
}

/** Type 8 (128 in IPv6), filled up to the size that the whole packet is to have. */
function echoRequest({ bytes, id, sequence }: EchoOptions, isV6: boolean): Uint8Array {
  const packet = new Uint8Array(Math.max(8, bytes - (isV6 ? 40 : 20)));
  const view = new DataView(packet.buffer);
  view.setUint8(0, isV6 ? 128 : 8);
  view.setUint16(4, id & 0xffff);
  view.setUint16(6, sequence & 0xffff);
  // The kernel sums up what it sends in IPv6 itself.
  if (!isV6) view.setUint16(2, checksum(packet));
  return packet;
}

/** An IPv4 raw socket hands over the IP header, too. */
function isAnswer(packet: Uint8Array, { id, sequence }: EchoOptions, isV6: boolean): boolean {
  const from = isV6 ? 0 : ((packet[0] ?? 0) & 0x0f) * 4;
  if (packet.length < from + 8) return false;
  const view = new DataView(packet.buffer, packet.byteOffset + from);
  const isReply = view.getUint8(0) === (isV6 ? 129 : 0);
  return isReply && view.getUint16(4) === (id & 0xffff) && view.getUint16(6) === (sequence & 0xffff);
}

/** RFC 1071. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
