// The phases of a claim to guessed PodCIDRs, what each means for the node, and what leads from one to another: one table each. Pure.

import type { ClaimEffects } from "../tailnet/claims-view.ts";

export type Phase =
  /** No network map has been looked at for this block yet. */
  | "looking"
  /** It is offered, and what others say to that is awaited. */
  | "claiming"
  /** Nothing has contradicted; nothing has proven it either. */
  | "provisional"
  /** A packet has proven it. */
  | "won"
  /** Another node has it: gateway and rule go first, then the advertisement, then a pause of no fixed length. */
  | "releasing"
  | "retracting"
  | "lost"
  /** Another block is wanted. */
  | "moving"
  /** Another node has it and pods of this node hold it: it stays offered until that node has seen so, */
  | "contested"
  /** and is then for this node's own traffic only, but for a moment of each minute, in case that it has not. */
  | "withdrawn"
  /** No tailnet came within the time there is: for this node's own traffic only, until one does. */
  | "local";

type Effects = Omit<ClaimEffects, "podCIDRs">;

const kept = { isAdvertised: true, holdsGateway: true, startsPods: true, isKept: true, isWon: false };
const given = { isAdvertised: false, holdsGateway: false, startsPods: false, isKept: true, isWon: false };

export const effectsOf: Readonly<Record<Phase, Effects>> = {
  looking: { ...kept, isAdvertised: undefined, startsPods: false, isKept: false },
  claiming: { ...kept, startsPods: false },
  provisional: kept,
  won: { ...kept, isWon: true },
  releasing: { ...given, isAdvertised: true },
  retracting: given,
  lost: given,
  moving: { ...given, isKept: false },
  contested: kept,
  withdrawn: { ...kept, isAdvertised: false },
  local: { ...kept, isAdvertised: false },
};

/** What a transition goes by; times are milliseconds since the phase, or what is named, began. */
export interface Facts {
  readonly hasMap: boolean;
  /** A node serves the block, or a part of it. */
  readonly isServed: boolean;
  /** A node serves it, or offers to. */
  readonly isContested: boolean;
  /** A node does, or has withdrawn it while pods there held it. */
  readonly isSpokenFor: boolean;
  /** A node that comes first in the order of ids offers it, and has not stopped for as long as one needs that sees it served here. */
  readonly isOutranked: boolean;
  /** A node offers it for longer than one would that had only guessed it. */
  readonly isInsisted: boolean;
  readonly hasPods: boolean;
  /** A packet proves that it is this node's. */
  readonly isProven: boolean;
  /** This node's tailscaled offers it. */
  readonly isOffered: boolean;
  /** The kernel has its gateway address. */
  readonly isHeld: boolean;
  /** It has been offered, and contradicted by nothing, for the settle time, as a network map of afterwards shows. */
  readonly isSettled: boolean;
  /** There is no more time to wait for a tailnet. */
  readonly isLate: boolean;
  /** A step on the way out has had its time. */
  readonly isOverdue: boolean;
  /** The pause after a loss is over. */
  readonly isRested: boolean;
  /** A contested block has been offered for long enough that every node has seen it. */
  readonly isAnnounced: boolean;
  /** A contested block has been withdrawn for so long that it is to be offered again: a node that serves it may not have seen it. */
  readonly isDueAgain: boolean;
}

interface Transition {
  readonly from: readonly Phase[];
  readonly when: (facts: Facts) => boolean;
  readonly to: Phase;
}

const offered: readonly Phase[] = ["claiming", "provisional", "won"];
const leaving: readonly Phase[] = ["releasing", "retracting", "lost", "moving"];

/** The first that fits is taken. */
export const transitions: readonly Transition[] = [
  // Others' claims were passed over before: what stands against a block that was not offered yet came first. One that this node's
  // tailscaled offers already is that of a daemon before this one.
  { from: ["looking"], when: ({ hasMap, isOffered }) => hasMap && isOffered, to: "claiming" },
  { from: ["looking", "local"], when: (is) => is.hasMap && is.isContested && is.hasPods, to: "contested" },
  {
    from: ["looking", "local"],
    when: (is) => is.hasMap && is.isSpokenFor && !is.hasPods && is.isHeld,
    to: "releasing",
  },
  { from: ["looking", "local"], when: (is) => is.hasMap && is.isSpokenFor && !is.hasPods, to: "moving" },
  { from: ["looking", "local"], when: ({ hasMap }) => hasMap, to: "claiming" },
  { from: ["looking"], when: ({ isLate }) => isLate, to: "local" },

  { from: offered, when: ({ isServed, hasPods }) => isServed && hasPods, to: "contested" },
  { from: offered, when: ({ isServed }) => isServed, to: "releasing" },
  { from: offered, when: ({ isInsisted, hasPods }) => isInsisted && !hasPods, to: "releasing" },
  {
    from: ["claiming", "provisional"],
    when: ({ isOutranked, isProven, hasPods }) => isOutranked && !isProven && !hasPods,
    to: "releasing",
  },
  { from: ["claiming", "provisional"], when: ({ isProven }) => isProven, to: "won" },
  { from: ["claiming"], when: ({ hasMap, isLate }) => !hasMap && isLate, to: "local" },
  { from: ["claiming"], when: ({ isSettled }) => isSettled, to: "provisional" },

  { from: leaving, when: ({ hasPods }) => hasPods, to: "contested" },
  { from: ["releasing"], when: ({ isHeld, isOverdue }) => !isHeld || isOverdue, to: "retracting" },
  { from: ["retracting"], when: ({ isOffered, isOverdue }) => !isOffered || isOverdue, to: "lost" },
  { from: ["lost"], when: ({ isRested }) => isRested, to: "moving" },
  { from: ["moving"], when: ({ hasMap, isSpokenFor }) => hasMap && !isSpokenFor, to: "looking" },

  { from: ["contested", "withdrawn"], when: ({ hasMap, isContested }) => hasMap && !isContested, to: "claiming" },
  { from: ["contested", "withdrawn"], when: ({ hasPods }) => !hasPods, to: "releasing" },
  { from: ["contested"], when: ({ isAnnounced }) => isAnnounced, to: "withdrawn" },
  { from: ["withdrawn"], when: ({ isDueAgain }) => isDueAgain, to: "contested" },
];
