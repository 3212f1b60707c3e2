// The PodCIDRs of a node as one value: "at most one of a family" is checked where the value is made and nowhere else. Pure; on the
// plugin's start-up path.

import { HeadcniError } from "../sys/errors.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import type { Family } from "./addr.ts";
import { equalLists } from "./equal-lists.ts";
import { Prefix, parsePrefix } from "./prefix.ts";

/** One CIDR, or one of each family, in the order given. Immutable. */
export class PodCIDRs implements Iterable<Prefix> {
  readonly list: readonly Prefix[];

  /** @throws RangeError for none, and for two of one family: `toPodCIDRs` is for values from outside. */
  constructor(prefixes: readonly Prefix[]) {
    const why = faultOf(prefixes);
    if (why !== undefined) throw new RangeError(`Not a node's PodCIDRs: ${why}`);
    this.list = Object.freeze([...prefixes]);
  }

  [Symbol.iterator](): Iterator<Prefix> {
    return this.list[Symbol.iterator]();
  }

  /** The CIDR of a family, if there is one. */
  of(family: Family): Prefix | undefined {
    return this.list.find((prefix) => prefix.family === family);
  }

  /** Same CIDRs in the same order. */
  equals(other: PodCIDRs): boolean {
    return equalLists(this.list, other.list);
  }

  /** Whether any address is in both. */
  overlaps(prefix: Prefix): boolean {
    return this.list.some((own) => own.overlaps(prefix));
  }

  /** Whether every address of `prefix` is in one of these. */
  contains(prefix: Prefix): boolean {
    return this.list.some((own) => own.contains(prefix));
  }

  /** `10.244.1.0/24, fd00:1::/64` */
  toString(): string {
    return this.list.join(", ");
  }

  toJSON(): string[] {
    return this.list.map(String);
  }
}

/** The PodCIDRs, or the end of a sentence that says what is wrong, e.g. `has two IPv4 CIDRs, 10.1.0.0/24 and 10.2.0.0/24`. */
export function toPodCIDRs(prefixes: readonly Prefix[]): Result<PodCIDRs> {
  const why = faultOf(prefixes);
  return why === undefined ? ok(new PodCIDRs(prefixes)) : fault(why);
}

/** The address the bridge plugin gives the bridge for a PodCIDR: the first usable one, with the PodCIDR's length. */
export function gatewayOf(podCIDR: Prefix): Prefix {
  const { first, bits } = podCIDR;
  return new Prefix(first.plus(1n) ?? first, bits);
}

/** How many addresses host-local has for pods in it: not the network, the gateway, nor, in IPv4, the broadcast. */
export function podAddressesIn(podCIDR: Prefix): number {
  return Math.max(0, Number(podCIDR.size) - (podCIDR.family === "ipv4" ? 3 : 2));
}

/** The first CIDR of each family, with the host bits cleared; undefined when there is none. */
export function firstOfEachFamily(prefixes: readonly Prefix[]): PodCIDRs | undefined {
  const firsts = prefixes.filter(({ family }, at) => prefixes.findIndex((other) => other.family === family) === at);
  return firsts.length === 0 ? undefined : new PodCIDRs(firsts.map((prefix) => prefix.masked()));
}

/**
 * Reads CIDRs that are separated by commas, for literals: `10.244.1.0/24,fd00:1::/64`.
 * @throws HeadcniError HC_PREFIX_INVALID for a text that is no node's PodCIDRs.
 */
export function parsePodCIDRs(text: string): PodCIDRs {
  const made = toPodCIDRs(text.split(",").map((piece) => parsePrefix(piece.trim())));
  if (made.kind === "ok") return made.value;
  throw new HeadcniError("HC_PREFIX_INVALID", `Not a node's PodCIDRs: "${text}" ${made.why}`);
}

/** The first two CIDRs that are of one family. */
export function twoOfOneFamily(prefixes: readonly Prefix[]): readonly [Prefix, Prefix] | undefined {
  for (const [at, prefix] of prefixes.entries()) {
    const earlier = prefixes.slice(0, at).find(({ family }) => family === prefix.family);
    if (earlier !== undefined) return [earlier, prefix];
  }
  return undefined;
}

function faultOf(prefixes: readonly Prefix[]): string | undefined {
  if (prefixes.length === 0) return "names no CIDR";
  const two = twoOfOneFamily(prefixes);
  if (two === undefined) return undefined;
  return `has two ${two[0].family === "ipv4" ? "IPv4" : "IPv6"} CIDRs, ${two[0]} and ${two[1]}`;
}
