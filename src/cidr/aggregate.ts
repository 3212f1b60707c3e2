// Many prefixes as few: the same addresses, without what another prefix holds, or in the fewest networks. Pure.

import { Prefix } from "./prefix.ts";

/** The same addresses in order, without prefixes that another one holds; two halves of a network stay two. */
export function outermost(prefixes: readonly Prefix[]): readonly Prefix[] {
  const done: Prefix[] = [];
  for (const prefix of prefixes.map((each) => each.masked()).toSorted((a, b) => a.compare(b))) {
    if (done.at(-1)?.contains(prefix) !== true) done.push(prefix);
  }
  return done;
}

/** The same addresses in order, without what another holds, and two halves of a network as that network. */
export function aggregate(prefixes: readonly Prefix[]): readonly Prefix[] {
  const done: Prefix[] = [];
  for (const prefix of outermost(prefixes)) {
    done.push(prefix);
    for (let whole = wholeOf(done); whole !== undefined; whole = wholeOf(done)) done.splice(-2, 2, whole);
  }
  return done;
}

/** The network of which the last two are the halves. */
function wholeOf(prefixes: readonly Prefix[]): Prefix | undefined {
  const [low, high] = prefixes.slice(-2);
  if (low === undefined || high === undefined || low.bits !== high.bits || low.bits === 0) return undefined;
  const whole = new Prefix(low.addr, low.bits - 1);
  return !whole.hasHostBits && whole.contains(high) ? whole : undefined;
}
