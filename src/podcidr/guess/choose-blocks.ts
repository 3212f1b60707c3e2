// Which block a guess takes: the one it has, else the first that is free, else what others of the tailnet are least likely to miss.

import type { PodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { Prefix } from "../../cidr/prefix.ts";
import type { ClaimsView } from "../../tailnet/claims-view.ts";
import { type Assignment, isGuess } from "../answer.ts";
import type { GuessBase, Validator } from "../validation/validator.ts";
import { blockCount, freeBlocks } from "./hash.ts";

interface KeptGuessInput {
  readonly current: Assignment | undefined;
  readonly claims?: ClaimsView | undefined;
}

/** On a tailnet a node keeps what it has laid claim to, or has in force by a guess, though the block of its name has become free. */
export function keptGuess({ current, claims }: KeptGuessInput): PodCIDRs | undefined {
  if (claims?.claim?.isKept === true) return claims.claim.podCIDRs;
  return claims !== undefined && isGuess(current?.source) ? current?.podCIDRs : undefined;
}

export interface ChooseOptions {
  readonly validator: Validator;
  /** What was guessed before and stays, where nothing is against it. */
  readonly kept: PodCIDRs | undefined;
  /** The number of the block that is asked first, however large. */
  readonly start: bigint;
}

/** What other nodes of the tailnet have is taken last: that of nodes long gone, then, for a claim to contest, any. */
const spares = [[], ["stale"], ["stale", "present"]] as const;

/** One of each base; undefined when none is free in all. */
export function chooseBlocks(
  bases: readonly GuessBase[],
  { validator, kept, start }: ChooseOptions,
): readonly Prefix[] | undefined {
  const same = bases.map(({ base, bits }) => {
    const range = kept?.of(base.family);
    const isBlock = range?.bits === bits && base.contains(range);
    return isBlock && validator.verdictsOn({ range, by: "guess" }, { bases }).length === 0 ? range : undefined;
  });
  if (bases.length > 0 && same.every((range) => range !== undefined)) return same;
  const count = blockCount(bases);
  if (count === 0n) return undefined;
  for (const spared of spares) {
    const blocks = freeBlocks(start % count, bases, validator.takenFor(bases, spared));
    if (blocks !== undefined) return blocks;
  }
  return undefined;
}
