// A tailnet in one process: a control server that elects as Headscale was seen to, with network maps that come late or not at all, and
// nodes that are nothing but their claims. Time and chance are the simulation's own, so a seed plays the same again.

import type { PodCIDRs } from "../cidr/pod-cidrs.ts";
import { toPodCIDRs } from "../cidr/pod-cidrs.ts";
import { type Prefix, parsePrefix, subnetCount } from "../cidr/prefix.ts";
import { fnv1a64, freeBlocks } from "../podcidr/guess/hash.ts";
import { seededRandom } from "../sys/testing.ts";
import type { TailnetPeer } from "../tailnet/tailnet.ts";
import { type ClaimConflict, findClaimConflicts } from "./claim-conflicts.ts";
import { type Claim, claimEffects, firstClaim, nextClaim, type Seen } from "./next-claim.ts";
import { peerClaims, type RememberedPeer, rememberPeers, takenRanges } from "./taken.ts";

export interface SimulationOptions {
  readonly seed: number;
  /** @default 10.244.0.0/16 */
  readonly base?: string;
  /** @default 24 */
  readonly bits?: number;
  /** Whether the policy approves what nodes offer. @default true */
  readonly isApproving?: boolean;
  /** The longest a change waits until maps are made of it. @default 3000, as Headscale 0.29 by default */
  readonly batchMs?: number;
  /** How many maps of a hundred are lost. @default 0 */
  readonly lostPercent?: number;
  /** Whether maps show a node what it offers itself; Headscale from 0.29 on may do so late or never. @default true */
  readonly isAcknowledging?: boolean;
  /** How long a node waits for the tailnet. @default 30000 */
  readonly timeoutMs?: number;
}

const settleMs = 6000;
const offlineMs = 10_000;

export class SimulatedNode {
  claim: Claim | undefined;
  isUp = true;
  /** Whether control server and node do not hear of each other. */
  isCut = false;
  /** Whether all of its network maps are lost, while the control server hears of it. */
  isDeaf = false;
  pods = 0;
  /** What the conflist says; it outlives the daemon. */
  inForce: PodCIDRs | undefined;
  held: PodCIDRs | undefined;
  /** What tailscaled's prefs say. */
  offered: PodCIDRs | undefined;
  map: Snapshot | undefined;
  knownWithdrawn: readonly RememberedPeer[] = [];
  known: readonly RememberedPeer[] = [];
  won: PodCIDRs | undefined;
  isProven = false;
  /** When it was ready to start pods first. */
  readyMs: number | undefined;
  startedMs = 0;
  blocksTried = 0;
  /** An assigned PodCIDR: it has no claim. */
  readonly assigned: PodCIDRs | undefined;

  readonly id: number;
  readonly name: string;

  constructor(id: number, name: string, assigned?: string) {
    this.id = id;
    this.name = name;
    this.assigned = assigned === undefined ? undefined : pair(parsePrefix(assigned));
  }

  get block(): PodCIDRs | undefined {
    return this.assigned ?? this.claim?.podCIDRs;
  }

  /** Whether it says that another node has its block, too. */
  get isComplaining(): boolean {
    const { phase, conflicts = [] } = this.claim ?? {};
    return phase === "contested" || phase === "withdrawn" || conflicts.length > 0;
  }
}

interface Snapshot {
  readonly version: number;
  readonly peers: readonly TailnetPeer[];
  /** Those that offer it. */
  readonly byBlock: ReadonlyMap<string, readonly TailnetPeer[]>;
}

interface Listed {
  isOnline: boolean;
  offered: PodCIDRs | undefined;
}

export class Simulation {
  nowMs = 0;
  readonly nodes: SimulatedNode[] = [];
  readonly log: string[] = [];
  readonly #options: Required<SimulationOptions>;
  readonly #random: () => number;
  readonly #queue: { readonly atMs: number; readonly at: number; readonly run: () => void }[] = [];
  #queued = 0;
  readonly #listed = new Map<number, Listed>();
  readonly #serving = new Map<string, number>();
  #version = 0;
  #shown: Snapshot = { version: -1, peers: [], byBlock: new Map() };
  readonly #sending = new Set<number>();
  readonly #base: Prefix;

  constructor(options: SimulationOptions) {
    const defaults = {
      base: "10.244.0.0/16",
      bits: 24,
      isApproving: true,
      batchMs: 3000,
      lostPercent: 0,
      isAcknowledging: true,
      timeoutMs: 30_000,
    };
    this.#options = { ...defaults, ...options };
    this.#random = seededRandom(options.seed);
    this.#base = parsePrefix(this.#options.base);
  }

  get count(): number {
    return Number(subnetCount(this.#base, this.#options.bits));
  }

  add(name: string, assigned?: string): SimulatedNode {
    const node = new SimulatedNode(this.nodes.length + 1, name, assigned);
    this.nodes.push(node);
    this.#listed.set(node.id, { isOnline: false, offered: undefined });
    this.boot(node);
    return node;
  }

  /** Starts it, also again: what is on its disk is there. */
  boot(node: SimulatedNode): void {
    Object.assign(node, {
      isUp: true,
      claim: undefined,
      map: undefined,
      mapVersion: -1,
      held: undefined,
      isProven: false,
    });
    node.startedMs = this.nowMs;
    node.readyMs = undefined;
    if (node.assigned !== undefined) Object.assign(node, { offered: node.assigned, inForce: node.assigned });
    if (!node.isCut) this.#connect(node);
    this.#tick(node);
  }

  /** The machine ends, its pods with it; they come back with it. */
  halt(node: SimulatedNode): void {
    node.isUp = false;
    this.#disconnect(node);
  }

  setCut(node: SimulatedNode, isCut: boolean): void {
    node.isCut = isCut;
    if (isCut) this.#disconnect(node);
    else if (node.isUp) this.#connect(node);
  }

  setDeaf(node: SimulatedNode, isDeaf: boolean): void {
    node.isDeaf = isDeaf;
  }

  /** Lets `ms` pass. */
  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let next = this.#queue[0]; next !== undefined && next.atMs <= endMs; next = this.#queue[0]) {
      this.#queue.shift();
      this.nowMs = next.atMs;
      next.run();
    }
    this.nowMs = endMs;
  }

  /** Lets time pass until `isTrue`. @returns how long it took; undefined when it took longer than `maxMs` */
  runUntil(isTrue: () => boolean, maxMs: number): number | undefined {
    const startMs = this.nowMs;
    while (this.nowMs - startMs <= maxMs) {
      if (isTrue()) return this.nowMs - startMs;
      this.run(500);
    }
    return undefined;
  }

  serves(node: SimulatedNode): boolean {
    return node.block !== undefined && this.#serving.get(String(node.block)) === node.id;
  }

  #later(ms: number, run: () => void): void {
    const entry = { atMs: this.nowMs + ms, at: this.#queued++, run };
    let low = 0;
    let high = this.#queue.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.#queue[middle];
      if (other !== undefined && (other.atMs < entry.atMs || (other.atMs === entry.atMs && other.at < entry.at)))
        low = middle + 1;
      else high = middle;
    }
    this.#queue.splice(low, 0, entry);
  }

  #between(from: number, to: number): number {
    return Math.round(from + this.#random() * (to - from));
  }

  #connect(node: SimulatedNode): void {
    this.#later(this.#between(100, 1500), () => {
      if (node.isCut || !node.isUp) return;
      this.#change(node.id, { isOnline: true, offered: node.offered });
      this.#send(node);
    });
  }

  #disconnect(node: SimulatedNode): void {
    this.#later(offlineMs, () => {
      if (node.isCut || !node.isUp) this.#change(node.id, { isOnline: false });
    });
  }

  #change(id: number, to: Partial<Listed>): void {
    const listed = this.#listed.get(id);
    if (listed === undefined) return;
    Object.assign(listed, to);
    this.#elect();
    this.#version += 1;
    for (const node of this.nodes) this.#send(node);
  }

  /** The lowest id first, and what serves goes on serving for as long as it is there. */
  #elect(): void {
    if (!this.#options.isApproving) return;
    const candidates = new Map<string, number[]>();
    for (const [id, { isOnline, offered }] of this.#listed) {
      if (!isOnline || offered === undefined) continue;
      const block = String(offered);
      candidates.set(block, [...(candidates.get(block) ?? []), id]);
    }
    for (const [block, id] of this.#serving)
      if (candidates.get(block)?.includes(id) !== true) this.#serving.delete(block);
    for (const [block, [first]] of candidates) {
      if (!this.#serving.has(block) && first !== undefined) this.#serving.set(block, first);
    }
  }

  /** A map to a node: made at the end of a batch, and then on its way. One that is lost is made up for by the next change, or later. */
  #send(node: SimulatedNode): void {
    if (node.isCut || !node.isUp || this.#sending.has(node.id)) return;
    this.#sending.add(node.id);
    this.#later(this.#between(50, this.#options.batchMs), () => {
      this.#sending.delete(node.id);
      const map = this.#snapshot();
      const { version } = map;
      if (node.isDeaf || this.#random() * 100 < this.#options.lostPercent) {
        this.#later(2000, () => this.#send(node));
        return;
      }
      this.#later(this.#between(10, 200), () => {
        if (node.isCut || !node.isUp || version < (node.map?.version ?? 0)) return;
        node.map = map;
        node.known = rememberPeers(node.known, map.peers, this.nowMs).filter(({ id }) => id !== String(node.id));
        node.knownWithdrawn = node.known.filter(({ hasWithdrawn }) => hasWithdrawn);
        this.#look(node);
        if (version < this.#version) this.#send(node);
      });
    });
  }

  /** What all nodes are shown, made once for each change. */
  #snapshot(): Snapshot {
    if (this.#shown.version === this.#version) return this.#shown;
    const byBlock = new Map<string, TailnetPeer[]>();
    const peers = this.nodes.map((node): TailnetPeer => {
      const { isOnline = false, offered } = this.#listed.get(node.id) ?? {};
      const routes = offered?.list ?? [];
      const isServing = offered !== undefined && this.#serving.get(String(offered)) === node.id;
      const peer: TailnetPeer = {
        id: String(node.id),
        name: node.name,
        addresses: [],
        primaryRoutes: isServing ? routes : [],
        advertisedRoutes: routes,
        tags: [],
        isOnline,
        path: { kind: "unknown" },
      };
      if (offered !== undefined) byBlock.set(String(offered), [...(byBlock.get(String(offered)) ?? []), peer]);
      return peer;
    });
    this.#shown = { version: this.#version, peers, byBlock };
    return this.#shown;
  }

  /** Looks now and then without a map, for as long as it runs. */
  #tick(node: SimulatedNode): void {
    const startedMs = node.startedMs;
    const again = (): void => {
      if (!node.isUp || node.startedMs !== startedMs) return;
      this.#prove(node);
      this.#look(node);
      const isAtRest = node.claim?.phase === "won" || node.claim?.phase === "withdrawn";
      this.#later(this.#between(400, isAtRest ? 4000 : 600), again);
    };
    this.#later(this.#between(0, 300), again);
  }

  /** Whether a packet from its gateway comes back: a node answers that has a route to it, and is led to it itself. */
  #prove(node: SimulatedNode): void {
    const { block, held } = node;
    const isLive = block !== undefined && held?.equals(block) === true && this.#serving.get(String(block)) === node.id;
    node.isProven = isLive && this.nodes.some((peer) => peer !== node && this.#answers(peer, node));
  }

  #answers(peer: SimulatedNode, { id, block }: SimulatedNode): boolean {
    if (!peer.isUp || peer.held === undefined || block === undefined || peer.held.equals(block)) return false;
    if (this.#serving.get(String(peer.held)) !== peer.id) return false;
    const shown = peer.map?.byBlock.get(String(block))?.find((one) => one.id === String(id));
    return shown !== undefined && shown.primaryRoutes.length > 0;
  }

  #look(node: SimulatedNode): void {
    if (node.assigned === undefined) this.#step(node);
    else {
      node.held = node.assigned;
      node.readyMs ??= this.nowMs;
      const claim = firstClaim(node.assigned, this.nowMs);
      node.claim = nextClaim(claim, this.#seen(node, node.assigned), this.#with());
    }
  }

  #with() {
    const settings = { timeoutMs: this.#options.timeoutMs, settleMs };
    return { settings, nowMs: this.nowMs, random: this.#random };
  }

  #seen(node: SimulatedNode, podCIDRs: PodCIDRs): Seen {
    const { pods, offered, held, isProven, won } = node;
    return {
      podCIDRs,
      conflicts: this.#conflicts(node, podCIDRs),
      hasPods: pods > 0,
      isOffered: offered?.equals(podCIDRs) === true,
      isHeld: held?.equals(podCIDRs) === true,
      isHeard: this.#isHeard(node, podCIDRs),
      mapReadMs: this.nowMs,
      isProven: isProven || won?.equals(podCIDRs) === true,
    };
  }

  #isHeard({ id, map }: SimulatedNode, podCIDRs: PodCIDRs): boolean {
    if (map === undefined) return false;
    const selfId = String(id);
    if (map.peers.every((peer) => peer.id === selfId || !peer.isOnline)) return true;
    const shown = map.byBlock.get(String(podCIDRs)) ?? [];
    return this.#options.isAcknowledging && shown.some((peer) => peer.id === selfId);
  }

  /** Of all peers only those are looked at that can be one: blocks here are the same or share nothing. */
  #conflicts(
    { id, map, known, knownWithdrawn }: SimulatedNode,
    podCIDRs: PodCIDRs,
  ): readonly ClaimConflict[] | undefined {
    if (map === undefined) return undefined;
    const selfId = String(id);
    const block = String(podCIDRs);
    const withdrawn = knownWithdrawn.filter(({ routes }) => routes.join() === block).map((peer) => peer.id);
    const offering = map.byBlock.get(block) ?? [];
    const peers = [...offering, ...map.peers.filter((peer) => withdrawn.includes(peer.id))];
    const others = peers.filter((peer) => peer.id !== selfId);
    if (others.length === 0) return [];
    return findClaimConflicts(
      { selfId, peers: peerClaims(others, known, this.nowMs) },
      { podCIDRs, bases: [this.#base] },
    );
  }

  #step(node: SimulatedNode): void {
    for (let round = 0; round < 4; round++) {
      const before = node.claim;
      const podCIDRs = this.#guess(node);
      const claim = nextClaim(before ?? firstClaim(podCIDRs, this.nowMs), this.#seen(node, podCIDRs), this.#with());
      node.claim = claim;
      if (before?.podCIDRs.equals(claim.podCIDRs) !== true) node.blocksTried += 1;
      if (before?.phase !== claim.phase) this.log.push(`${this.nowMs} ${node.name} ${claim.podCIDRs} ${claim.phase}`);
      if (claim === before) break;
    }
    this.#apply(node);
  }

  /** As the chain does. */
  #guess(node: SimulatedNode): PodCIDRs {
    const { claim, known } = node;
    const keeps = claim !== undefined && claimEffects(claim).isKept;
    if (keeps) return claim.podCIDRs;
    const own = claim !== undefined && claim.phase !== "moving" ? claim.podCIDRs : undefined;
    const taken = takenRanges(known, own, this.nowMs);
    // What is in force stays where nothing is against it.
    const { inForce } = node;
    if (inForce !== undefined && !taken.some(({ range }) => inForce.overlaps(range))) return inForce;
    if (inForce !== undefined && node.pods > 0) return inForce;
    const bases = [{ base: this.#base, bits: this.#options.bits }];
    const start = fnv1a64(node.name) % BigInt(this.count);
    const fresh = taken.filter(({ isStale }) => !isStale);
    const found =
      freeBlocks(
        start,
        bases,
        taken.map(({ range }) => range),
      ) ??
      freeBlocks(
        start,
        bases,
        fresh.map(({ range }) => range),
      ) ??
      freeBlocks(start, bases, []);
    return pair(found?.[0] ?? this.#base);
  }

  #apply(node: SimulatedNode): void {
    const { claim } = node;
    if (claim === undefined) return;
    const effects = claimEffects(claim);
    const { podCIDRs } = claim;
    node.won = effects.isWon
      ? podCIDRs
      : claim.phase === "looking" || claim.phase === "claiming"
        ? node.won
        : undefined;
    const mayMove = node.inForce !== undefined && node.pods === 0 && !node.inForce.equals(podCIDRs);
    if ((effects.startsPods && node.inForce === undefined) || mayMove) node.inForce = podCIDRs;
    if (effects.startsPods) node.readyMs ??= this.nowMs;
    const held = effects.holdsGateway && node.inForce?.equals(podCIDRs) === true ? podCIDRs : undefined;
    const ran = node.startedMs;
    const isSame = () => node.isUp && node.startedMs === ran && node.claim === claim;
    if (String(held) !== String(node.held)) {
      this.#later(this.#between(20, 200), () => {
        if (!isSame()) return;
        node.held = held;
        this.#look(node);
      });
    }
    if (effects.isAdvertised === undefined) return;
    const offered = effects.isAdvertised ? podCIDRs : undefined;
    if (String(offered) === String(node.offered)) return;
    this.#later(this.#between(20, 150), () => {
      if (!isSame() || String(offered) === String(node.offered)) return;
      node.offered = offered;
      if (!node.isCut) this.#later(this.#between(20, 500), () => this.#tell(node));
      this.#look(node);
    });
  }

  #tell(node: SimulatedNode): void {
    if (node.isUp && !node.isCut) this.#change(node.id, { offered: node.offered });
  }
}

function pair(prefix: Prefix): PodCIDRs {
  const made = toPodCIDRs([prefix]);
  if (made.kind === "fault") throw new Error(made.why);
  return made.value;
}
