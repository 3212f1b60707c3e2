// One step of the claims agent: what others have, and where this node's own claim stands.

import type { Condition } from "../agent/conditions.ts";
import { failureOf } from "../agent/conditions.ts";
import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { type Prefix, parsePrefix } from "../cidr/prefix.ts";
import type { LogCode } from "../sys/log/log-codes.ts";
import type { System } from "../sys/system.ts";
import type { ClaimsView } from "../tailnet/claims-view.ts";
import type { Tailnet } from "../tailnet/tailnet.ts";
import { type ClaimConflict, findClaimConflicts } from "./claim-conflicts.ts";
import { claimConditions, condition } from "./conditions.ts";
import { readClaimsMemory, writeClaimsMemory } from "./memory.ts";
import { type Claim, type ClaimSettings, claimEffects, firstClaim, nextClaim, type Seen } from "./next-claim.ts";
import type { Phase } from "./phases.ts";
import { peerClaims, rememberPeers, takenRanges } from "./taken.ts";

/** What a claim reads of a node's assignment. */
export interface ClaimsAssignment {
  /** The adopted ones. */
  readonly podCIDRs: PodCIDRs;
  readonly isGuess: boolean;
  /** At most one of a family; empty when nothing says them. */
  readonly clusterCIDRs: readonly Prefix[];
}

/** What a claim reads of proofs by packet. */
export interface ProvenRoute {
  readonly podCIDRs: PodCIDRs;
  readonly own: { readonly route: string };
}

export interface ClaimsStepInput {
  readonly settings: ClaimSettings;
  readonly assigned: ClaimsAssignment;
  readonly tailnet: Tailnet | undefined;
  readonly proofs: ProvenRoute | undefined;
  readonly held: PodCIDRs | undefined;
  readonly pods: number;
}

export interface ClaimsStepResult {
  readonly view: ClaimsView;
  readonly claim: Claim | undefined;
  readonly conflicts: readonly ClaimConflict[];
  readonly conditions: readonly Condition[];
}

/** The default PodCIDR is the first block of this range, where nothing says the cluster's. */
const defaultBase = parsePrefix("10.244.0.0/16");
/** Phases that last: only another node's claim, or a proof, ends them. */
const lasting: readonly Phase[] = ["provisional", "won"];
const resting: readonly Phase[] = ["withdrawn", "local"];
/** A claim that nothing has proven by then waits for an approval, or for a second node: whole network maps are too dear for that. */
const freshMs = 60_000;

/** @param startedMs when this daemon began to wait for what it is assigned; monotonic */
export function createClaimsStep(system: System, startedMs: number) {
  const { clock, log, random } = system;
  let memory = readClaimsMemory(system);
  let written = memory;
  let claim: Claim | undefined;
  let isFirst = true;

  /** What is known of the tailnet, once what all peers offer is. */
  const lookAt = (tailnet: Tailnet | undefined) => {
    if (tailnet === undefined || !("self" in tailnet)) return undefined;
    if (tailnet.peers.some(({ advertisedRoutes }) => advertisedRoutes === undefined)) return undefined;
    memory = { ...memory, peers: rememberPeers(memory.peers, tailnet.peers, clock.now()) };
    return { selfId: tailnet.self.id, peers: peerClaims(tailnet.peers, memory.peers, clock.now()) };
  };

  const take = (input: ClaimsStepInput, conflicts: readonly ClaimConflict[] | undefined): Claim => {
    const nowMs = clock.monotonicMs();
    const { podCIDRs } = input.assigned;
    const seen: Seen = {
      podCIDRs,
      conflicts,
      hasPods: input.pods > 0,
      isOffered: isOffered(input),
      isHeld: input.held?.equals(podCIDRs) === true,
      isHeard: isHeard(input),
      mapReadMs: input.tailnet !== undefined && "self" in input.tailnet ? input.tailnet.mapReadMs : undefined,
      isProven: isLive(input) || memory.won?.equals(podCIDRs) === true,
    };
    const settings = input.settings;
    // What was waited for before, the API server's answer, was of the same time.
    const first = { ...firstClaim(podCIDRs, nowMs), startedMs: isFirst ? startedMs : nowMs };
    const next = nextClaim(claim ?? first, seen, { settings, nowMs, random });
    const { phase } = next;
    if (claim?.phase !== phase || !claim.podCIDRs.equals(next.podCIDRs)) announce(log, next);
    if (phase === "won") memory = { ...memory, won: next.podCIDRs };
    else if (phase !== "looking" && phase !== "claiming") memory = { ...memory, won: undefined };
    return next;
  };

  const remember = (): readonly Condition[] => {
    try {
      writeClaimsMemory(system, written, memory);
      written = memory;
      return [];
    } catch (error) {
      return [condition("ClaimsNotRemembered", failureOf(error))];
    }
  };

  return (input: ClaimsStepInput): ClaimsStepResult => {
    const { assigned, tailnet, pods } = input;
    const { podCIDRs, isGuess, clusterCIDRs } = assigned;
    const map = lookAt(tailnet);
    const bases = basesOf(clusterCIDRs);
    const conflicts = map === undefined ? undefined : findClaimConflicts(map, { podCIDRs, bases });
    // What the control server does not count as online is not told of others, either.
    claim = isGuess ? take(input, tailnet?.kind === "offline" ? undefined : conflicts) : undefined;
    isFirst = false;
    const own = claim === undefined || claim.phase === "moving" ? undefined : claim.podCIDRs;
    const taken = isGuess ? takenRanges(memory.peers, own, clock.now()) : [];
    const isProbing = claim !== undefined && isUndecided(claim, clock.monotonicMs());
    const view = { claim: claim === undefined ? undefined : claimEffects(claim), taken, isProbing };
    if (claim === undefined) {
      const shared = conflicts ?? [];
      const contested =
        shared.length === 0 ? [] : [condition("AssignedPodCIDRContested", { podCIDRs, conflicts: shared })];
      return { view, claim, conflicts: shared, conditions: contested };
    }
    const why = tailnet === undefined || "self" in tailnet ? undefined : tailnet.why;
    return {
      view,
      claim,
      conflicts: claim.conflicts,
      conditions: [...claimConditions({ claim, pods, why }), ...remember()],
    };
  };
}

/** Whether something hangs on what others offer just now. */
function isUndecided({ phase, sinceMs, contestedSinceMs }: Claim, nowMs: number): boolean {
  if (resting.includes(phase)) return false;
  if (!lasting.includes(phase) || contestedSinceMs !== undefined) return true;
  return phase === "provisional" && nowMs - sinceMs < freshMs;
}

function basesOf(clusterCIDRs: readonly Prefix[]): readonly Prefix[] {
  return clusterCIDRs.length === 0 ? [defaultBase] : clusterCIDRs;
}

function isOffered({ assigned, tailnet }: ClaimsStepInput): boolean {
  if (tailnet === undefined || !("self" in tailnet)) return false;
  const { advertisedRoutes } = tailnet.self;
  return assigned.podCIDRs.list.every((range) => advertisedRoutes.some((route) => route.equals(range)));
}

/** Whether the control server has shown that it knows of the offer, or no other node is there that it could tell of it. */
function isHeard({ assigned, tailnet }: ClaimsStepInput): boolean {
  if (tailnet === undefined || !("self" in tailnet)) return false;
  if (tailnet.peers.every(({ isOnline }) => !isOnline)) return true;
  const { acknowledgedRoutes = [] } = tailnet.self;
  return assigned.podCIDRs.list.every((range) => acknowledgedRoutes.some((route) => route.equals(range)));
}

/** Whether a packet from all of its gateways came back. */
function isLive({ assigned, proofs }: ClaimsStepInput): boolean {
  return proofs?.own.route === "live" && proofs.podCIDRs.equals(assigned.podCIDRs);
}

const lines: Partial<Record<Phase, readonly [code: LogCode, sentence: string]>> = {
  claiming: ["ClaimMade", "is free as far as is known, and offered to the tailnet"],
  provisional: ["ClaimProvisional", "is contradicted by no node, so pods may start with it"],
  won: ["ClaimWon", "is proven by a packet to be this node's"],
  releasing: ["ClaimLost", "is another node's and given up"],
  moving: ["ClaimMoves", "is left for another block"],
  contested: ["ClaimContested", "is another node's too, and pods of this node hold it"],
  withdrawn: ["ClaimWithdrawn", "is another node's, and for this node's own traffic only"],
  local: ["ClaimLocal", "is for this node's own traffic only: no tailnet came in time"],
};

function announce(log: System["log"], { phase, podCIDRs, conflicts }: Claim): void {
  const line = lines[phase];
  if (line === undefined) return;
  const [code, sentence] = line;
  const others = conflicts.map(({ name, does, route }) => `${name} ${does} ${route}`);
  log.info(code, `PodCIDR ${podCIDRs}, which nothing assigned, ${sentence}`, {
    podCIDRs: podCIDRs.toJSON(),
    phase,
    others: others.length === 0 ? undefined : others,
  });
}
