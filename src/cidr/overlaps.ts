// Which of many prefixes share addresses. Two prefixes are apart or one holds the other, so sorted by address they nest like
// brackets, and one sweep sees every pair that matters. Pure.

import type { Prefix } from "./prefix.ts";

interface Nested {
  readonly prefix: Prefix;
  /** Where it stands in the list that was given. */
  readonly index: number;
  /** The least index of those around it and of those inside it; infinite when there are none. */
  around: number;
  inside: number;
}

/**
 * For each prefix the index of the first one before it in the list that it overlaps; undefined where there is none. Takes the
 * time of a sort, also for a list of every node of a large cluster.
 */
export function firstOverlaps(prefixes: readonly Prefix[]): readonly (number | undefined)[] {
  const all = prefixes.map(
    (prefix, index): Nested => ({ prefix, index, around: Number.POSITIVE_INFINITY, inside: Number.POSITIVE_INFINITY }),
  );
  const open: Nested[] = [];
  const close = (): void => {
    const done = open.pop();
    const outer = open.at(-1);
    if (done !== undefined && outer !== undefined) outer.inside = Math.min(outer.inside, done.index, done.inside);
  };
  for (const nested of all.toSorted(byStart)) {
    while (open.length > 0 && open.at(-1)?.prefix.contains(nested.prefix) !== true) close();
    const outer = open.at(-1);
    if (outer !== undefined) nested.around = Math.min(outer.around, outer.index);
    open.push(nested);
  }
  while (open.length > 0) close();
  return all.map(({ index, around, inside }) => {
    const first = Math.min(around, inside);
    return first < index ? first : undefined;
  });
}

/** By family and first address, the larger network first: what holds another stands before it. */
function byStart(a: Nested, b: Nested): number {
  return a.prefix.masked().compare(b.prefix.masked());
}
