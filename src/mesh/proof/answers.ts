// What packets say of one peer: connects from gateway to gateway, and where that is silent, or the peer serves no gateway, those that
// tell why. Pure types, and the connects.

import type { Addr } from "../../cidr/addr.ts";
import type { ConnectOutcome, TryConnect } from "../../sys/net/connect.ts";

/** The two ends in one family: the pods' gateway addresses, and the nodes' own on the tailnet, where both have one. */
export interface ProofPath {
  readonly from: { readonly gateway: Addr; readonly node: Addr | undefined };
  /** `gateway` is undefined for a peer that serves no PodCIDR. */
  readonly to: { readonly gateway: Addr | undefined; readonly node: Addr | undefined };
}

export interface Answers {
  /** From gateway to gateway: what pods can expect; undefined where the peer serves none. */
  readonly pods: ConnectOutcome | undefined;
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
  const { gateway } = to;
  const askPods = (target: Addr) => connect(from.gateway, target);
  const pods = gateway === undefined ? undefined : await fasterOf(await askPods(gateway), () => askPods(gateway));
  const isPlain = pods?.kind === "answered" || pods?.kind === "no-local-address";
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
