// From what packets said to whether routes are live, and where not, why. One silent peer is a fact about that peer; what is said of
// this node's own route needs all of several. Pure.

import type { Answers } from "./answers.ts";

/** What is known of a node's route: a packet came back, none does, the control server does not let it be served, or nothing yet. */
export type RouteState = "live" | "silent" | "unapproved" | "unknown";

/**
 * Why a peer's gateway does not answer. `no-gateway`: this node's own gateway address is not there yet. `no-route-here`: this node has
 * no route there. `peer-out-of-reach`: the peer does not answer at all. `own-route`: the peer answers the node and not its pods' range:
 * that is not approved, not accepted there, or the policy drops it. `not-accepted-there`: the same, where other peers answer it.
 * `peer-range`: the peer answers pods on its own address, and not on its gateway's. `not-serving`: the peer serves no PodCIDR, and says
 * nothing against this node's route. `unclear`: nothing else was asked.
 */
export type Cause =
  | "no-gateway"
  | "no-route-here"
  | "peer-out-of-reach"
  | "own-route"
  | "not-accepted-there"
  | "peer-range"
  | "not-serving"
  | "unclear";

/** Of one family, or of both: the worse of the two. */
export interface PeerVerdict {
  readonly route: Extract<RouteState, "live" | "silent" | "unknown">;
  /** Undefined when it is live. */
  readonly cause: Cause | undefined;
  readonly rttMs: number | undefined;
  /** Whether the peer answered what came from this node's gateway, on whichever address. */
  readonly answersGateway: boolean;
}

export interface OwnVerdict {
  readonly route: RouteState;
  /** How many peers were asked, and how many of them answered this node's gateway. */
  readonly asked: number;
  readonly answered: number;
}

/** What one peer's answers say, in one family. */
export function verdictOf({ pods, nodes, mixed }: Answers): PeerVerdict {
  if (pods?.kind === "answered") {
    return { route: "live", cause: undefined, rttMs: pods.rttMs, answersGateway: true };
  }
  const answersGateway = mixed?.kind === "answered";
  const cause = causeOf({ pods, nodes, mixed });
  const isKnown = cause !== "no-gateway" && cause !== "not-serving" && pods?.kind !== "failed";
  return { route: isKnown ? "silent" : "unknown", cause, rttMs: undefined, answersGateway };
}

function causeOf({ pods, nodes, mixed }: Answers): Cause {
  if (pods === undefined) {
    if (mixed?.kind === "no-local-address") return "no-gateway";
    const isRefused = nodes?.kind === "answered" && (mixed?.kind === "silent" || mixed?.kind === "no-route");
    return isRefused ? "own-route" : "not-serving";
  }
  if (pods.kind === "no-local-address") return "no-gateway";
  if (pods.kind === "no-route") return "no-route-here";
  if (mixed?.kind === "answered") return "peer-range";
  if (nodes === undefined || nodes.kind === "failed") return "unclear";
  return nodes.kind === "answered" ? "own-route" : "peer-out-of-reach";
}

const worst: readonly PeerVerdict["route"][] = ["silent", "unknown", "live"];

/** Both families as one: the worse of them says how the route is. */
export function joinFamilies(verdicts: readonly PeerVerdict[]): PeerVerdict | undefined {
  const [first] = verdicts.toSorted((a, b) => worst.indexOf(a.route) - worst.indexOf(b.route));
  if (first === undefined) return undefined;
  const rtts = verdicts.flatMap(({ rttMs }) => rttMs ?? []);
  return {
    ...first,
    rttMs: rtts.length === 0 ? undefined : Math.min(...rtts),
    answersGateway: verdicts.every(({ answersGateway }) => answersGateway),
  };
}

export interface MeshVerdict {
  readonly own: OwnVerdict;
  readonly peers: ReadonlyMap<string, PeerVerdict>;
}

/**
 * What all peers together say: of this node's own route, and, once that is proven, of the peers that do not take it.
 * @param verdicts of the peers that were asked, by id
 */
export function combineVerdicts(verdicts: ReadonlyMap<string, PeerVerdict>): MeshVerdict {
  const own = ownVerdictOf([...verdicts.values()]);
  if (own.route !== "live") return { own, peers: verdicts };
  const refine = (verdict: PeerVerdict): PeerVerdict =>
    verdict.cause === "own-route" ? { ...verdict, cause: "not-accepted-there" } : verdict;
  return { own, peers: new Map([...verdicts].map(([id, verdict]) => [id, refine(verdict)])) };
}

/**
 * Whether none of the nodes that were asked is in reach, not even on its own address: each is out of reach, or this node is. So it is for
 * one that the control server has removed, which Headscale up to 0.29 does not say.
 */
export function isShutOut({ peers }: MeshVerdict): boolean {
  return peers.size > 0 && [...peers.values()].every(({ cause }) => cause === "peer-out-of-reach");
}

/**
 * Whether peers answer this node, and none of them what its pods send. A route that was live may be lost so: Headscale 0.26 can take a
 * node that connects anew for one that is offline, and then serves none of its routes until it connects once more.
 */
export function isNotTaken({ own }: MeshVerdict): boolean {
  return own.route === "silent" || own.route === "unapproved";
}

function ownVerdictOf(verdicts: readonly PeerVerdict[]): OwnVerdict {
  const answered = verdicts.filter(({ answersGateway }) => answersGateway).length;
  const counts = { asked: verdicts.length, answered };
  if (answered > 0) return { route: "live", ...counts };
  // Peers that are there, and answer nothing that comes from this node's pods.
  const deaf = verdicts.filter(({ cause }) => cause === "own-route").length;
  if (deaf === 0) return { route: "unknown", ...counts };
  return { route: deaf > 1 ? "unapproved" : "silent", ...counts };
}
