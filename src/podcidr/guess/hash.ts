// Level 4: a block of the cluster's range by the node's name, for a node whose range is stated nowhere. The algorithm is part of
// the product's promise: a node that hashes to other pods' addresses after an upgrade is cut off. Never change it.

import { familyBits } from "../../cidr/addr.ts";
import { type Prefix, subnetAt, subnetCount } from "../../cidr/prefix.ts";
import type { GuessBase } from "../validation/validator.ts";

const offsetBasis = 0xcbf29ce484222325n;
const fnvPrime = 0x100000001b3n;
const mask64 = 0xffffffffffffffffn;

/** FNV-1a, 64 bits, over the UTF-8 bytes of a text (http://www.isthe.com/chongo/tech/comp/fnv/). */
export function fnv1a64(text: string): bigint {
  let hash = offsetBasis;
  for (const byte of new TextEncoder().encode(text)) hash = ((hash ^ BigInt(byte)) * fnvPrime) & mask64;
  return hash;
}

/**
 * The node's block in each base: number `FNV-1a(name) mod count`, count being that of the base with the fewest
 * blocks, so that both families take the same number. A block that meets a range to avoid is passed over for the next one
 * that does not, round to the first after the last.
 * @returns the blocks in the order of `bases`, or undefined when no number is free in every family.
 */
export function hashBlocks(
  nodeName: string,
  bases: readonly GuessBase[],
  avoid: readonly Prefix[] = [],
): readonly Prefix[] | undefined {
  const count = blockCount(bases);
  return count === 0n ? undefined : freeBlocks(fnv1a64(nodeName) % count, bases, avoid);
}

/**
 * The blocks of the first number from `start` on, round to the first after the last, that meet nothing of what is to be avoided.
 * @returns undefined when no number is free in every family.
 */
export function freeBlocks(
  start: bigint,
  bases: readonly GuessBase[],
  avoid: readonly Prefix[],
): readonly Prefix[] | undefined {
  const count = blockCount(bases);
  if (count === 0n) return undefined;
  let index = start;
  let hasWrapped = false;
  for (;;) {
    const blocks = bases.map(({ base, bits }) => subnetAt(base, bits, index));
    const next = nextFree(blocks, bases, avoid, index);
    if (next === index) return blocks;
    if (next < count) {
      index = next;
    } else if (hasWrapped) {
      return undefined;
    } else {
      hasWrapped = true;
      index = 0n;
    }
  }
}

/** How many different answers there are: the blocks of the base that has the fewest. */
export function blockCount(bases: readonly GuessBase[]): bigint {
  const counts = bases.map(({ base, bits }) => subnetCount(base, bits));
  return counts.find((count) => counts.every((other) => count <= other)) ?? 0n;
}

/** `index` itself when its blocks meet nothing, else the number of the first block behind what one of them meets. */
function nextFree(
  blocks: readonly Prefix[],
  bases: readonly GuessBase[],
  avoid: readonly Prefix[],
  index: bigint,
): bigint {
  for (const [at, block] of blocks.entries()) {
    const range = avoid.find((other) => other.overlaps(block));
    const base = bases[at]?.base;
    if (range === undefined || base === undefined) continue;
    const size = 1n << BigInt(familyBits(block.family) - block.bits);
    const behind = (range.last.value - base.first.value) / size + 1n;
    return behind > index ? behind : index + 1n;
  }
  return index;
}
