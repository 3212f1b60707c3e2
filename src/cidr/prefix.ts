// CIDR prefixes as values, after Go's `netip.Prefix`. Pure.

import { HeadcniError } from "../sys/errors.ts";
import { Addr, clip, type Family, familyBits, tryParseAddr } from "./addr.ts";

/** An address and a prefix length. Host bits may be set: `masked()` clears them, `hasHostBits` asks. Immutable. */
export class Prefix {
  readonly addr: Addr;
  /** Prefix length: 0-32 or 0-128. */
  readonly bits: number;

  constructor(addr: Addr, bits: number) {
    if (!Number.isInteger(bits) || bits < 0 || bits > familyBits(addr.family)) {
      throw new RangeError(`Not a prefix length for ${addr.family}: ${bits}`);
    }
    this.addr = addr;
    this.bits = bits;
  }

  get family(): Family {
    return this.addr.family;
  }

  /** How many addresses: 2^(32 or 128 - bits). */
  get size(): bigint {
    return 1n << BigInt(familyBits(this.family) - this.bits);
  }

  get hasHostBits(): boolean {
    const { family, value } = this.addr;
    const hostBits = familyBits(family) - this.bits;
    return family === "ipv4" ? Number(value) % 2 ** hostBits !== 0 : BigInt.asUintN(hostBits, value) !== 0n;
  }

  /** The same network with host bits cleared. */
  masked(): Prefix {
    if (!this.hasHostBits) return this;
    return new Prefix(new Addr(this.family, this.addr.value & ~(this.size - 1n)), this.bits);
  }

  /** The first address of the network. */
  get first(): Addr {
    return this.masked().addr;
  }

  /** The last address of the network (in IPv4 the broadcast address). */
  get last(): Addr {
    return new Addr(this.family, this.first.value + this.size - 1n);
  }

  containsAddr(addr: Addr): boolean {
    return startSame(this.addr, addr, this.bits);
  }

  /** Whether every address of `other` is in this network. */
  contains(other: Prefix): boolean {
    return other.bits >= this.bits && this.containsAddr(other.addr);
  }

  /** Whether any address is in both. Different families never overlap. */
  overlaps(other: Prefix): boolean {
    return startSame(this.addr, other.addr, Math.min(this.bits, other.bits));
  }

  /** Same address and length; host bits count. */
  equals(other: Prefix): boolean {
    return this.bits === other.bits && this.addr.equals(other.addr);
  }

  /** IPv4 before IPv6, then by address, then shorter first. */
  compare(other: Prefix): number {
    return this.addr.compare(other.addr) || this.bits - other.bits;
  }

  toString(): string {
    return `${this.addr}/${this.bits}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

/**
 * Whether two addresses are of one family and have their first bits in common. A large mesh asks that thousands of times at each change:
 * of IPv4 it is told with numbers, since each step of a bigint is an object.
 */
function startSame(a: Addr, b: Addr, bits: number): boolean {
  if (a.family !== b.family) return false;
  const rest = familyBits(a.family) - bits;
  if (a.family === "ipv6") return (a.value ^ b.value) >> BigInt(rest) === 0n;
  return rest === 32 || (Number(a.value) ^ Number(b.value)) >>> rest === 0;
}

/**
 * Reads what `netip.ParsePrefix` reads: an address and a decimal length without sign or leading zero.
 * Host bits are kept; ask `hasHostBits`.
 * @throws HeadcniError HC_PREFIX_INVALID, naming the value and what is wrong with it.
 */
export function parsePrefix(text: string): Prefix {
  const parsed = readPrefix(text);
  if (parsed instanceof Prefix) return parsed;
  throw new HeadcniError("HC_PREFIX_INVALID", `Not a CIDR: "${clip(text)}" ${parsed}`);
}

/** As `parsePrefix`, with undefined for a bad value. */
export function tryParsePrefix(text: string): Prefix | undefined {
  const parsed = readPrefix(text);
  return parsed instanceof Prefix ? parsed : undefined;
}

/** The prefix, or the end of a sentence that says what is wrong. */
function readPrefix(text: string): Prefix | string {
  const slash = text.lastIndexOf("/");
  if (slash < 0)
    return tryParseAddr(text) === undefined ? "has no prefix length" : "has no prefix length, write for example /24";
  const addr = tryParseAddr(text.slice(0, slash));
  if (addr === undefined) return "has no valid IP address before the slash";
  const length = text.slice(slash + 1);
  if (!/^(0|[1-9]\d{0,2})$/.test(length)) return "has no decimal prefix length after the slash";
  const bits = Number(length);
  if (bits > familyBits(addr.family)) return `has a prefix length over ${familyBits(addr.family)}`;
  return new Prefix(addr, bits);
}

/** How many networks of `bits` fit into `base`; 0 when `base` is already longer. */
export function subnetCount(base: Prefix, bits: number): bigint {
  return bits < base.bits ? 0n : 1n << BigInt(bits - base.bits);
}

/**
 * The network number `index` of length `bits` in `base`, counted from 0.
 * @throws RangeError when there is no such network.
 */
export function subnetAt(base: Prefix, bits: number, index: bigint): Prefix {
  if (index < 0n || index >= subnetCount(base, bits)) {
    throw new RangeError(`${base} has no network ${index} of length /${bits}`);
  }
  const size = 1n << BigInt(familyBits(base.family) - bits);
  return new Prefix(new Addr(base.family, base.first.value + index * size), bits);
}
