// What packets say of one peer: connects from gateway to gateway, and where that is silent those that tell why. Pure types, and the
// connects.

import type { Addr } from "../../cidr/addr.ts";
import type { ConnectOutcome, TryConnect } from "../../sys/net/connect.ts";

/** The two ends in one family: the pods' gateway addresses, and the nodes' own on the tailnet, where both have one. */
export interface ProofPath {
  readonly from: ProofEnd;
  readonly to: ProofEnd;
}

interface ProofEnd {
  readonly gateway: Addr;
  readonly node: Addr | undefined;
}

export interface Answers {
  /** From gateway to gateway: what pods can expect. */
  readonly pods: ConnectOutcome;
  /** From node to node, and from gateway to node; undefined when it was not asked: the gateway answered, or there is no address. */
  readonly nodes: ConnectOutcome | undefined;
  readonly mixed: ConnectOutcome | undefined;
}

export interface AskPeerOptions {
  readonly path: ProofPath;
  /** One on which nothing need listen: a refusal is an answer. */
  readonly port: number;
  readonly timeoutMs: number;
}

export async function askPeer(
  tryConnect: TryConnect,
  { path: { from, to }, ...rest }: AskPeerOptions,
  signal: AbortSignal,
): Promise<Answers> {
  const connect = (source: Addr, target: Addr): Promise<ConnectOutcome> =>
    tryConnect({ from: source.toString(), to: target.toString(), ...rest }, signal);
  const pods = await fasterOf(await connect(from.gateway, to.gateway), () => connect(from.gateway, to.gateway));
  const isPlain = pods.kind === "answered" || pods.kind === "no-local-address";
  if (isPlain || from.node === undefined || to.node === undefined) return { pods, nodes: undefined, mixed: undefined };
  const [nodes, mixed] = await Promise.all([connect(from.node, to.node), connect(from.gateway, to.node)]);
  return { pods, nodes, mixed };
}

/** A tunnel that slept had to shake hands first: the time of such an answer is not the way's, so it is asked once more. */
const warmMs = 50;

async function fasterOf(first: ConnectOutcome, again: () => Promise<ConnectOutcome>): Promise<ConnectOutcome> {
  if (first.kind !== "answered" || first.rttMs <= warmMs) return first;
  const second = await again();
  return second.kind === "answered" && second.rttMs < first.rttMs ? second : first;
}
