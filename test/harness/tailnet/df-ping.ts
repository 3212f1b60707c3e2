// Pings with "don't fragment" from the network namespace it is started in, which busybox' ping cannot: prints `SIZE answered`, `SIZE
// refused` where the kernel takes no packet of that size, or `SIZE silent`.
//   bun df-ping.ts ADDRESS SIZE…        sizes are of the data, as ping counts them: 28 bytes less than the packet

import { dlopen, FFIType, ptr } from "bun:ffi";

const { i32, u64 } = FFIType;
const { symbols: libc } = dlopen("libc.so.6", {
  socket: { args: [i32, i32, i32], returns: i32 },
  setsockopt: { args: [i32, i32, i32, FFIType.ptr, i32], returns: i32 },
  connect: { args: [i32, FFIType.ptr, i32], returns: i32 },
  send: { args: [i32, FFIType.ptr, u64, i32], returns: FFIType.i64 },
  recv: { args: [i32, FFIType.ptr, u64, i32], returns: FFIType.i64 },
});
const AF_INET = 2;
const SOCK_RAW = 3;
const IPPROTO_ICMP = 1;
const [IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_DO] = [0, 10, 2];
const [SOL_SOCKET, SO_RCVTIMEO] = [1, 20];
const headerBytes = 8;

const [address = "", ...sizes] = process.argv.slice(2);

/** Type 8, code 0, checksum, identifier, sequence: the size. */
function echoRequest(size: number): Uint8Array {
  const packet = new Uint8Array(headerBytes + size).fill(7);
  const view = new DataView(packet.buffer);
  view.setUint32(0, 0x08000000);
  view.setUint32(4, size);
  let sum = 0;
  for (let at = 0; at < packet.length; at += 2)
    sum += at + 1 < packet.length ? view.getUint16(at) : view.getUint8(at) << 8;
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  view.setUint16(2, ~sum & 0xffff);
  return packet;
}

function ping(size: number): string {
  const fd = libc.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  const set = (level: number, name: number, value: Int32Array | BigInt64Array): number =>
    libc.setsockopt(fd, level, name, ptr(value), value.byteLength);
  set(IPPROTO_IP, IP_MTU_DISCOVER, new Int32Array([IP_PMTUDISC_DO]));
  set(SOL_SOCKET, SO_RCVTIMEO, new BigInt64Array([3n, 0n]));
  const target = new Uint8Array(16);
  target[0] = AF_INET;
  target.set(address.split(".").map(Number), 4);
  libc.connect(fd, ptr(target), target.length);
  const request = echoRequest(size);
  if (libc.send(fd, ptr(request), request.length, 0) < 0) return "refused";
  const answer = new Uint8Array(4096);
  for (;;) {
    const bytes = Number(libc.recv(fd, ptr(answer), answer.length, 0));
    if (bytes < 0) return "silent";
    const icmp = new DataView(answer.buffer, ((answer[0] ?? 0) & 15) * 4);
    if (icmp.getUint8(0) === 0 && icmp.getUint32(4) === size) return "answered";
  }
}

for (const size of sizes.map(Number)) console.log(`${size} ${ping(size)}`);
