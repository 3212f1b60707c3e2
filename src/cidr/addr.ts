// IP addresses as values: parsing, printing, order. Pure, no library, no I/O: the CNI plugin loads this
// on its start-up path, and every library measured accepts something dangerous ("10/8", "010.0.0.1").

import { HeadcniError } from "../sys/errors.ts";

export type Family = "ipv4" | "ipv6";

/** Bits of an address of a family: 32 or 128. */
export function familyBits(family: Family): 32 | 128 {
  return family === "ipv4" ? 32 : 128;
}

/** How many addresses a family has. */
const familySize = { ipv4: 1n << 32n, ipv6: 1n << 128n } as const;

/** An IPv4 or IPv6 address without a zone, comparable to Go's `netip.Addr`. Immutable. */
export class Addr {
  readonly family: Family;
  /** The address as an unsigned number: 32 or 128 bits, most significant first. */
  readonly value: bigint;
  #text: string | undefined;

  constructor(family: Family, value: bigint) {
    if (value < 0n || value >= familySize[family]) {
      throw new RangeError(`Not an ${family} address: ${value}`);
    }
    this.family = family;
    this.value = value;
  }

  /** The address `count` places further on; undefined past either end of the family. */
  plus(count: bigint): Addr | undefined {
    const value = this.value + count;
    if (value < 0n || value >= familySize[this.family]) return undefined;
    return new Addr(this.family, value);
  }

  equals(other: Addr): boolean {
    return this.family === other.family && this.value === other.value;
  }

  /** IPv4 before IPv6, then by value: the order of `netip.Addr.Compare`. */
  compare(other: Addr): number {
    if (this.family !== other.family) return this.family === "ipv4" ? -1 : 1;
    return this.value < other.value ? -1 : this.value > other.value ? 1 : 0;
  }

  /** Dotted decimal, or RFC 5952 text (lower case, longest run of zero groups as `::`). Kept: a large mesh is compared as text. */
  toString(): string {
    this.#text ??= this.family === "ipv4" ? formatIpv4(this.value) : formatIpv6(this.value);
    return this.#text;
  }

  toJSON(): string {
    return this.toString();
  }
}

/**
 * Reads what `netip.ParseAddr` reads, except zones: four decimal octets without leading zeros, or RFC 4291
 * text including an embedded IPv4 tail.
 * @public
 * @throws HeadcniError HC_ADDR_INVALID
 */
export function parseAddr(text: string): Addr {
  const addr = tryParseAddr(text);
  if (addr === undefined) {
    throw new HeadcniError("HC_ADDR_INVALID", `Not an IP address: "${clip(text)}"`);
  }
  return addr;
}

/** As `parseAddr`, with undefined for a bad value. */
export function tryParseAddr(text: string): Addr | undefined {
  if (text.length > 45) return undefined;
  const isIpv6 = text.includes(":");
  const value = isIpv6 ? parseIpv6(text) : parseIpv4(text);
  return value === undefined ? undefined : new Addr(isIpv6 ? "ipv6" : "ipv4", value);
}

/** A value cut to a length fit for a message. */
export function clip(text: string, length = 60): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}

function parseIpv4(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4) return undefined;
  // A number until it is whole: a large tailnet has thousands, and each step of a bigint is an object.
  let value = 0;
  for (const octet of octets) {
    if (!/^(0|[1-9]\d{0,2})$/.test(octet)) return undefined;
    const number = Number(octet);
    if (number > 255) return undefined;
    value = value * 256 + number;
  }
  return BigInt(value);
}

function parseIpv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0] ?? "", halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? "", true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group, as in netip.
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return groups.reduce((value, group) => (value << 16n) | BigInt(group), 0n);
}

/** 16-bit groups of one side of `::`; an IPv4 tail counts as two and may only stand at the very end. */
function parseGroups(text: string, isEnd: boolean): number[] | undefined {
  if (text === "") return [];
  const groups: number[] = [];
  const parts = text.split(":");
  for (const [index, part] of parts.entries()) {
    if (part.includes(".")) {
      const embedded = isEnd && index === parts.length - 1 ? parseIpv4(part) : undefined;
      if (embedded === undefined) return undefined;
      groups.push(Number(embedded >> 16n), Number(embedded & 0xffffn));
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups.length > 8 ? undefined : groups;
}

function formatIpv4(value: bigint): string {
  const number = Number(value);
  return `${number >>> 24}.${(number >>> 16) & 0xff}.${(number >>> 8) & 0xff}.${number & 0xff}`;
}

function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, index) => Number((value >> BigInt(112 - 16 * index)) & 0xffffn));
  // RFC 4291 2.5.5.2: an IPv4-mapped address keeps its dotted tail, as netip prints it.
  if (value >> 32n === 0xffffn) return `::ffff:${formatIpv4(value & 0xffff_ffffn)}`;
  const gap = longestZeroRun(groups);
  if (gap.length < 2) return groups.map((group) => group.toString(16)).join(":");
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(":");
  return `${hex(groups.slice(0, gap.start))}::${hex(groups.slice(gap.start + gap.length))}`;
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === 0) continue;
    if (index - start > best.length) best = { start, length: index - start };
    start = index + 1;
  }
  return best;
}
