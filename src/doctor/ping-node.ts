// One node of the cluster, by its name or by an address of it or of its pods: which way packets take there, and how long they are on it.

import { tryParseAddr } from "../cidr/addr.ts";
import { gatewayOf } from "../cidr/pod-cidrs.ts";
import type { MeshNode } from "../mesh/mesh.ts";
import { HeadcniError } from "../sys/errors.ts";
import type { ConnectOutcome } from "../sys/net/connect.ts";
import { connectLocalApi } from "../tailscale/local-api/local-api.ts";
import type { PingAnswer } from "../tailscale/local-api/ping-answer.ts";
import type { Examination } from "./examination.ts";

/** `headcni ping -o json`. What is not known is null. */
export type PingDocument = {
  readonly node: string;
  readonly podCIDRs: readonly string[];
  /** The tailnet address that was pinged. */
  readonly address: string;
  readonly pings: readonly PingLine[];
  /** The pods' way, from this node's gateway address to `to`: the pod, or the gateway of the node's pods. */
  readonly pods: {
    readonly to: string;
    readonly answered: boolean;
    readonly rttSeconds: number | null;
    readonly why: string | null;
  };
};

export type PingLine = {
  readonly path: "direct" | "relay" | "unknown" | "silent";
  /** Where it leads: an endpoint, or the relay's name. */
  readonly by: string | null;
  readonly rttSeconds: number | null;
  readonly why: string | null;
};

export interface PingOptions {
  /** A node's name, its tailnet address, or an address of its pods. */
  readonly target: string;
  /** At most; it ends with the first that came directly. */
  readonly count: number;
  readonly onPing: (line: PingLine) => void;
}

const pauseMs = 1000;
const timeoutMs = 3000;

/** @throws HeadcniError HC_USAGE for what is no node's, HC_DOCTOR_SKIPPED without a tailnet */
export async function pingNode(node: Examination, { target, count, onPing }: PingOptions): Promise<PingDocument> {
  const { system, signal } = node;
  const [{ mesh }, { plan }, { config }] = await Promise.all([node.mesh(), node.node(), node.config()]);
  const found = findNode(mesh.nodes, target);
  const [address] = found.addresses.map(String);
  if (address === undefined)
    throw new HeadcniError("HC_USAGE", `Cannot ping ${found.name}: it has no address on the tailnet`);
  using api = await connectLocalApi(system, config.tailscale.socket);
  const pings: PingLine[] = [];
  while (pings.length < count && pings.at(-1)?.path !== "direct" && !signal.aborted) {
    if (pings.length > 0) await system.clock.sleep(pauseMs, signal);
    const line = toLine(await api.ping(address, signal));
    pings.push(line);
    onPing(line);
  }
  const named = tryParseAddr(target);
  const podCIDR = found.podCIDRs.find((each) => named === undefined || each.family === named.family);
  const isPod = named !== undefined && podCIDR?.containsAddr(named) === true;
  const to = isPod ? target : podCIDR === undefined ? undefined : gatewayOf(podCIDR).addr.toString();
  const own = plan.adoption.effective.podCIDRs.list.find(({ family }) => family === podCIDR?.family);
  if (to === undefined || own === undefined) {
    const pods = {
      to: address,
      answered: false,
      rttSeconds: null,
      why: "it serves no PodCIDR of a family this node has",
    };
    return { node: found.name, podCIDRs: found.podCIDRs.map(String), address, pings, pods };
  }
  const from = gatewayOf(own).addr.toString();
  const outcome = await system.tryConnect({ from, to, port: config.mesh.probePort, timeoutMs }, signal);
  return { node: found.name, podCIDRs: found.podCIDRs.map(String), address, pings, pods: podsLine(to, outcome) };
}

function findNode(nodes: readonly MeshNode[], target: string): MeshNode {
  const addr = tryParseAddr(target);
  const others = nodes.filter(({ isSelf }) => !isSelf);
  const found = others.find(({ name, addresses, podCIDRs }) =>
    addr === undefined
      ? name === target
      : addresses.some((own) => own.equals(addr)) || podCIDRs.some((podCIDR) => podCIDR.containsAddr(addr)),
  );
  if (found !== undefined) return found;
  const isOwn = nodes.some(
    ({ isSelf, name, addresses, podCIDRs }) =>
      isSelf &&
      (addr === undefined
        ? name === target
        : addresses.some((own) => own.equals(addr)) || podCIDRs.some((podCIDR) => podCIDR.containsAddr(addr))),
  );
  const why = isOwn ? "it is this node's" : "no other node of the cluster has this name or address";
  const known = others.map(({ name }) => name).join(", ");
  throw new HeadcniError("HC_USAGE", `Cannot ping ${target}: ${why}`, {
    hint: known === "" ? "no other node is on the tailnet" : `the others are ${known}`,
  });
}

function toLine(answer: PingAnswer): PingLine {
  if (answer.kind === "silent") return { path: "silent", by: null, rttSeconds: null, why: answer.why };
  const { path, rttMs } = answer;
  const by = path.kind === "direct" ? path.endpoint : path.kind === "relay" ? path.relay : null;
  return { path: path.kind, by, rttSeconds: seconds(rttMs), why: null };
}

function podsLine(to: string, outcome: ConnectOutcome): PingDocument["pods"] {
  if (outcome.kind === "answered") return { to, answered: true, rttSeconds: seconds(outcome.rttMs), why: null };
  const why = {
    silent: "no answer",
    "no-route": "no route to it",
    "no-local-address": "this node's gateway address is on no device yet",
    failed: outcome.kind === "failed" ? outcome.why : "",
  }[outcome.kind];
  return { to, answered: false, rttSeconds: null, why };
}

function seconds(ms: number): number {
  return Math.round(ms * 10) / 10_000;
}
