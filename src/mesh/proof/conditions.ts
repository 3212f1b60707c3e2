// What can be wrong with the routes between nodes, as packets and the network map show it. Warnings: the node's own pods have their
// network without the others. Pure.

import { type Condition, conditionsOf, kind } from "../../agent/conditions.ts";
import type { PodCIDRs } from "../../cidr/pod-cidrs.ts";
import { autoApproversLine, type PolicyCluster } from "../../tailnet/policy-lines.ts";
import { claimConflicts } from "../conditions.ts";
import type { Mesh, MeshNode } from "../mesh.ts";
import { type Cause, isShutOut, type MeshVerdict } from "./verdict.ts";

const warning = { severity: "warning", impactsConnectivity: false } as const;
/** Approval, a restart of tailscaled or of a node's daemon take a while, and are no bad state. */
const ownMs = 15_000;
const peersMs = 60_000;
/** While the tailnet is away all are silent, and that is said already. */
const dependsOn = ["TailscaledAbsent", "TailscaleStopped", "TailscaleNeedsLogin"];

/** A controller that polls, and Headscale's own delay. */
const approvalMs = 30_000;

interface RouteNotApprovedArgs extends Peers {
  readonly podCIDRs: PodCIDRs;
  /** Of this node. */
  readonly id: string;
  /** What the policy has to say. */
  readonly policyLine: string;
  /** Whether the route was live before. */
  readonly isLost: boolean;
}

interface Peers {
  /** What is said of each, its name first. */
  readonly peers: readonly string[];
}

export const proofConditions = {
  RouteNotApproved: kind<RouteNotApprovedArgs>({
    ...warning,
    title: "No other node takes what this node's pods send",
    dependsOn: [...dependsOn, "TailscaleControlUnreachable", "PodCIDRServedElsewhere", ...claimConflicts],
    visibleAfterMs: approvalMs,
    text: ({ podCIDRs, id, peers, policyLine, isLost }) =>
      `${podCIDRs} is not approved on the tailnet, or its policy drops what comes from there: ${list(peers)} ` +
      `${peers.length === 1 ? "answers" : "answer"} this node, and not its pods. Approve it, together with the routes the node has ` +
      `already (headscale nodes approve-routes --identifier ${id} --routes ${podCIDRs.list.join(",")}), or let the policy do so: ` +
      `${policyLine}, and let it accept what pods send to pods (headcni headscale policy prints all of it)` +
      (peers.length === 1 ? "; or run tailscale set --accept-routes there" : "") +
      (isLost
        ? ". It was served before: where it still is approved, the control server may take this node for one that is offline (headscale " +
          "nodes list-routes shows it as not served); tailscale down and tailscale up have it ask anew, as tailscale.mayReconnect would"
        : ""),
  }),
  PolicyForbidsPods: kind<Peers>({
    ...warning,
    title: "Other nodes' pods are not reached, though the nodes take what pods send",
    dependsOn,
    visibleAfterMs: ownMs,
    text: ({ peers }) =>
      `${list(peers)} ${peers.length === 1 ? "answers" : "answer"} this node's pods on the tailnet, but not in the range of the pods there. ` +
      "Let the tailnet's policy accept what pods send to pods (src and dst: the cluster's CIDR), and look whether headcni-daemon runs " +
      "there, which gives the gateway its address",
  }),
  PeerRoutesMissing: kind<Peers>({
    ...warning,
    title: "This node has no route to other nodes' pods",
    dependsOn: [...dependsOn, "TailscalePrefsRefused"],
    visibleAfterMs: ownMs,
    text: ({ peers }) =>
      `No route leads to the pods of ${list(peers)}, though the control server lets them be served. Look whether tailscaled accepts ` +
      "routes (tailscale set --accept-routes) and whether something has emptied its table 52",
  }),
  PeersSilent: kind<Peers & { readonly isEveryone: boolean }>({
    ...warning,
    title: "Some nodes do not answer this node's pods",
    dependsOn,
    visibleAfterMs: peersMs,
    text: ({ peers, isEveryone }) =>
      `${list(peers)}. Look at headcni status there` +
      (isEveryone
        ? "; where all of them are well, the control server may have removed this node without saying so (headscale nodes list): tailscale " +
          "down and tailscale up have it ask anew, as tailscale.mayReconnect would"
        : ""),
  }),
  PeersWithoutRoute: kind<Peers & Pick<RouteNotApprovedArgs, "policyLine">>({
    ...warning,
    title: "Some nodes serve no PodCIDR",
    // Where none of the routes is approved each node says it of its own.
    dependsOn: [...dependsOn, "RouteNotApproved"],
    visibleAfterMs: peersMs,
    text: ({ peers, policyLine }) =>
      `Pods of ${list(peers)} are not reached: the control server shows no route of theirs to this node. Approve it (headscale nodes ` +
      `list-routes shows what is offered), or let the policy do so: ${policyLine}; let it accept what nodes and pods send to pods, ` +
      "and look whether headcni-daemon runs there",
  }),
} as const;

const condition = conditionsOf(proofConditions);

const words: Partial<Record<Cause, string>> = {
  "peer-out-of-reach": "answers nothing",
  "not-accepted-there": "does not take this node's route, which others do (tailscale set --accept-routes there)",
  "peer-range": "answers, and its pods' gateway does not",
  unclear: "does not answer pods",
};

export interface ProofConditionsInput {
  readonly mesh: Mesh;
  readonly own: PodCIDRs;
  readonly verdict: MeshVerdict;
  readonly cluster: PolicyCluster;
  /** Whether this node's own route was live before and is not taken by any of the peers that answer. */
  readonly isLost: boolean;
}

export function routeConditions({ mesh, own, verdict, cluster, isLost }: ProofConditionsInput): readonly Condition[] {
  const { nodes } = mesh;
  const causeOf = ({ id }: MeshNode): Cause | undefined => verdict.peers.get(id)?.cause;
  const named = (...causes: readonly Cause[]): MeshNode[] =>
    nodes.filter((node) => causes.some((cause) => cause === causeOf(node)));
  const isPodless = ![...verdict.peers.values()].some(({ route }) => route === "live");
  const forbidden = isPodless ? named("peer-range") : [];
  const silent = named("peer-out-of-reach", "not-accepted-there", "peer-range", "unclear").filter(
    (node) => node.isServing && !forbidden.includes(node),
  );
  const notServing = nodes.filter(({ isSelf, isOnline, isServing }) => !isSelf && isOnline && !isServing);
  const deaf = verdict.own.route === "live" ? [] : named("own-route");
  const policyLine = policyLineOf(own, cluster);
  const id = nodes.find(({ isSelf }) => isSelf)?.id ?? "";
  const raise = (code: "PolicyForbidsPods" | "PeerRoutesMissing", peers: MeshNode[]): Condition[] =>
    peers.length === 0 ? [] : [condition(code, { peers: peers.map(({ name }) => name) })];
  return [
    ...(deaf.length === 0
      ? []
      : [
          condition("RouteNotApproved", { podCIDRs: own, id, policyLine, isLost, peers: deaf.map(({ name }) => name) }),
        ]),
    ...raise("PolicyForbidsPods", forbidden),
    ...raise("PeerRoutesMissing", named("no-route-here")),
    ...(silent.length === 0
      ? []
      : [
          condition("PeersSilent", {
            peers: silent.map((node) => `${node.name} ${silenceOf(node, causeOf(node) ?? "unclear")}`),
            isEveryone: isShutOut(verdict),
          }),
        ]),
    ...(notServing.length === 0
      ? []
      : [condition("PeersWithoutRoute", { policyLine, peers: notServing.map(({ name }) => name) })]),
  ];
}

/** A relay that is in reach carries what a direct path does not, so where one is all there is, it may not be. */
function silenceOf({ path }: MeshNode, cause: Cause): string {
  const said = words[cause] ?? "";
  return cause === "peer-out-of-reach" && path.kind === "relay"
    ? `${said}: no direct path leads there, and the relay ${path.relay} brings nothing back (tailscale netcheck here and there)`
    : said;
}

/** Of the node's own PodCIDRs, where nothing says the cluster's CIDR. */
function policyLineOf(own: PodCIDRs, { clusterCIDRs, nodeTags }: PolicyCluster): string {
  return autoApproversLine({ clusterCIDRs: clusterCIDRs.length === 0 ? own.list : clusterCIDRs, nodeTags });
}

/** The first five, and how many more there are. */
function list(names: readonly string[]): string {
  const said = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${said} and ${names.length - 5} more` : said;
}
