// The claim to guessed PodCIDRs as a state machine: from what it was, what is seen and the time to what it is now. Pure; the phases and
// what leads from one to another are tables in `phases.ts`.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import type { ClaimEffects } from "../tailnet/claims-view.ts";
import type { ClaimConflict } from "./claim-conflicts.ts";
import { effectsOf, type Facts, type Phase, transitions } from "./phases.ts";

/** Times are monotonic milliseconds. */
export interface Claim {
  readonly phase: Phase;
  readonly podCIDRs: PodCIDRs;
  /** When the phase began. */
  readonly sinceMs: number;
  /** When this node began to look for PodCIDRs. */
  readonly startedMs: number;
  /** Since when it is offered and nothing contradicts; undefined: something does, or it is not offered. */
  readonly quietSinceMs: number | undefined;
  /** The same, since the control server has shown that it knows of the offer. */
  readonly heardSinceMs: number | undefined;
  /** Since when another node lays claim to the same; undefined: none does. */
  readonly contestedSinceMs: number | undefined;
  readonly conflicts: readonly ClaimConflict[];
  /** How many blocks were lost on the way to this one. */
  readonly losses: number;
  /** How long to rest after a loss. */
  readonly pauseMs: number;
}

/** What one look at the tailnet shows. */
export interface Seen {
  /** What the chain guesses, given what is taken. */
  readonly podCIDRs: PodCIDRs;
  /** Other nodes that lay claim to it; undefined: there is no network map to go by. */
  readonly conflicts: readonly ClaimConflict[] | undefined;
  /** One that cannot be counted counts as some. */
  readonly hasPods: boolean;
  readonly isOffered: boolean;
  readonly isHeld: boolean;
  /** Whether a network map shows that the control server knows of the offer, or there is no other node that could hear of it. */
  readonly isHeard: boolean;
  /** When what the others offer was read; undefined: it cannot be said. */
  readonly mapReadMs: number | undefined;
  /** Whether a packet has proven it, in this run of the daemon or, while nothing contradicted, in one before. */
  readonly isProven: boolean;
}

export interface ClaimSettings {
  /** How long a fresh node waits for tailnet and claim, at most. */
  readonly timeoutMs: number;
  /** How long a claim is not contradicted before pods may start. */
  readonly settleMs: number;
}

/** What an outranked claim waits for one that sees it served to give way: a network map takes up to 3.3 s to come. */
const outrankedMs = 4000;
/** A contested block is offered for this long, so that the other node sees that pods hold it. */
const announceMs = 15_000;
/** And again after this: the other node's network maps may have been lost meanwhile, and it cannot answer. */
const announceAgainMs = 60_000;
/** Headscale from 0.29 on may never show a node its own offer: then nothing contradicts for this many times as long. */
const unheardTimes = 3;
/** A guess is withdrawn within seconds: what is still offered after this was assigned. */
const insistMs = 30_000;
/** For the kernel, and for tailscaled, to do what they are told. */
const stepMs = 3000;
/** The longest pause after the first loss; it doubles up to the last. Two that lost at once must not try the next block at once. */
const pause = { firstMs: 2000, maxMs: 16_000 };

/** The beginning of a claim. @param last the one before it, to another block */
export function firstClaim(podCIDRs: PodCIDRs, nowMs: number, last?: Claim): Claim {
  return {
    phase: "looking",
    podCIDRs,
    sinceMs: nowMs,
    startedMs: last?.startedMs ?? nowMs,
    quietSinceMs: undefined,
    heardSinceMs: undefined,
    contestedSinceMs: undefined,
    conflicts: [],
    losses: last?.losses ?? 0,
    pauseMs: 0,
  };
}

export interface NextOptions {
  readonly settings: ClaimSettings;
  readonly nowMs: number;
  /** In [0, 1). */
  readonly random: () => number;
}

/** The claim as it is now; the same object where nothing has changed. */
export function nextClaim(claim: Claim, seen: Seen, options: NextOptions): Claim {
  const { nowMs } = options;
  const isSame = claim.podCIDRs.equals(seen.podCIDRs);
  let now = look(isSame ? claim : firstClaim(seen.podCIDRs, nowMs, claim), seen, nowMs);
  // Each phase is left at most once in a look, or two that lead to each other would never rest.
  const left = new Set<Phase>();
  for (;;) {
    const facts = factsOf(now, seen, options);
    const { phase } = now;
    const found = transitions.find(({ from, when }) => from.includes(phase) && when(facts));
    if (found === undefined || left.has(found.to)) return now;
    left.add(phase);
    now = enter(now, found.to, options);
  }
}

/** Takes note of who else lays claim to the block. */
function look(claim: Claim, { conflicts: shown, isOffered, isHeard }: Seen, nowMs: number): Claim {
  // What was known last counts while there is nothing newer.
  const found = shown ?? claim.conflicts;
  const conflicts = JSON.stringify(found) === JSON.stringify(claim.conflicts) ? claim.conflicts : found;
  const isContested = conflicts.some((conflict) => conflict.isOnline && isClaiming(conflict));
  const contestedSinceMs = isContested ? (claim.contestedSinceMs ?? nowMs) : undefined;
  const isQuiet = shown !== undefined && !conflicts.some(isClaiming) && isOffered;
  const quietSinceMs = isQuiet ? (claim.quietSinceMs ?? nowMs) : undefined;
  const heardSinceMs = isQuiet && isHeard ? (claim.heardSinceMs ?? nowMs) : undefined;
  const isSame =
    conflicts === claim.conflicts &&
    contestedSinceMs === claim.contestedSinceMs &&
    quietSinceMs === claim.quietSinceMs &&
    heardSinceMs === claim.heardSinceMs;
  return isSame ? claim : { ...claim, conflicts, contestedSinceMs, quietSinceMs, heardSinceMs };
}

/** Whether it can still get the block; one that has withdrawn cannot. */
function isClaiming({ does }: ClaimConflict): boolean {
  return does !== "offered";
}

function factsOf(claim: Claim, seen: Seen, { settings, nowMs }: NextOptions): Facts {
  const { conflicts, contestedSinceMs = nowMs, sinceMs, startedMs } = claim;
  const { hasPods, isProven, isOffered, isHeld } = seen;
  const contestedMs = nowMs - contestedSinceMs;
  const isLate = nowMs - startedMs >= settings.timeoutMs;
  const claimed = conflicts.filter(isClaiming);
  const first = claimed.filter(({ isFirst }) => isFirst);
  return {
    hasMap: seen.conflicts !== undefined,
    isServed: claimed.some(({ does }) => does === "serves"),
    isContested: claimed.length > 0,
    isSpokenFor: conflicts.length > 0,
    isOutranked: first.length > 0 && (contestedMs >= outrankedMs || !first.some(({ isOnline }) => isOnline)),
    isInsisted: contestedMs >= insistMs,
    hasPods,
    isProven,
    isOffered,
    isHeld,
    isSettled: isSettled(claim, { ...seen, isLate, settleMs: settings.settleMs }),
    isLate,
    isOverdue: nowMs - sinceMs >= stepMs,
    isRested: nowMs - sinceMs >= claim.pauseMs,
    isAnnounced: nowMs - sinceMs >= announceMs,
    isDueAgain: nowMs - sinceMs >= announceAgainMs && claimed.some(({ isOnline }) => isOnline),
  };
}

/**
 * Whether a map that was read after the settle time shows no contradiction. The control server knew of all that was offered before by the
 * time it showed this node's own offer: of two nodes that offer the same, the later one sees the other then at the latest.
 */
function isSettled(
  { quietSinceMs, heardSinceMs }: Claim,
  { mapReadMs, isLate, settleMs }: Pick<Seen, "mapReadMs"> & { readonly isLate: boolean; readonly settleMs: number },
): boolean {
  const hasLasted = (sinceMs: number | undefined, ms: number): boolean =>
    sinceMs !== undefined && mapReadMs !== undefined && mapReadMs - sinceMs >= ms;
  return hasLasted(heardSinceMs, settleMs) || hasLasted(quietSinceMs, isLate ? settleMs : unheardTimes * settleMs);
}

function enter(claim: Claim, phase: Phase, { nowMs, random }: NextOptions): Claim {
  const entered = { ...claim, phase, sinceMs: nowMs };
  if (phase !== "lost") return entered;
  const longestMs = Math.min(pause.maxMs, pause.firstMs * 2 ** claim.losses);
  return { ...entered, losses: claim.losses + 1, pauseMs: Math.round(longestMs * random()) };
}

export function claimEffects({ phase, podCIDRs }: Claim): ClaimEffects {
  return { podCIDRs, ...effectsOf[phase] };
}
