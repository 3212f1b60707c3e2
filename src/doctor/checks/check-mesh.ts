// The other nodes: whose PodCIDRs clash, and whether packets come back from each.

import { conflictConditions } from "../../mesh/conditions.ts";
import { routeConditions } from "../../mesh/proof/conditions.ts";
import { proofTargets } from "../../mesh/proof/proof-targets.ts";
import { proveTarget } from "../../mesh/proof/prove-target.ts";
import { combineVerdicts, type PeerVerdict } from "../../mesh/proof/verdict.ts";
import { type Check, type Fault, type Finding, faultsOr, notChecked } from "../check.ts";
import { count, faultsOf } from "../evidence.ts";
import type { Examination } from "../examination.ts";

const conflictCodes = [
  "PodCIDRServedElsewhere",
  "PodCIDRSplit",
  "PodCIDRSwallowed",
  "PodCIDRInTailnetRange",
  "OthersPodCIDRsConflict",
] as const;
const routeCodes = [
  "RouteNotApproved",
  "PolicyForbidsPods",
  "PeerRoutesMissing",
  "PeersSilent",
  "PeersWithoutRoute",
] as const;
/** More are asked by the daemon in turn; a doctor is waited for. */
const mostTargets = 32;

export const meshChecks: readonly Check[] = [
  {
    id: "podcidrs-unique",
    title: "No other node serves this node's PodCIDR, and no two the same",
    codes: conflictCodes,
    look: lookAtConflicts,
  },
  {
    id: "routes-live",
    title: "Packets go to the other nodes' pods and come back",
    codes: routeCodes,
    look: lookAtRoutes,
  },
];

async function lookAtConflicts(node: Examination): Promise<Finding> {
  const { mesh } = await node.mesh();
  const others = mesh.nodes.filter(({ isSelf }) => !isSelf);
  return faultsOr(
    faultsOf(conflictConditions(mesh.conflicts), conflictCodes),
    `${count(others.length, "other node")}, each with a PodCIDR of its own`,
  );
}

async function lookAtRoutes(node: Examination): Promise<Finding> {
  const { system, signal } = node;
  const [{ mesh }, { plan, answer }, { config }] = await Promise.all([node.mesh(), node.node(), node.config()]);
  const own = plan.adoption.effective.podCIDRs;
  const others = mesh.nodes.filter(({ isSelf }) => !isSelf);
  if (others.length === 0) return notChecked("no other node of the cluster is on the tailnet");
  const targets = proofTargets(mesh.nodes, own).slice(0, mostTargets);
  const port = config.mesh.probePort;
  const asked = await Promise.all(
    targets.map(async (target) => [target.id, await proveTarget(system.tryConnect, { target, port }, signal)] as const),
  );
  const verdicts = new Map(asked.flatMap(([id, verdict]): [string, PeerVerdict][] => (verdict ? [[id, verdict]] : [])));
  const raised = routeConditions({
    mesh,
    own,
    verdict: combineVerdicts(verdicts),
    cluster: { clusterCIDRs: answer.clusterCIDRs, nodeTags: config.tailscale.nodeTags },
    // What was before, the daemon knows.
    isLost: false,
  });
  const id = mesh.nodes.find(({ isSelf }) => isSelf)?.id ?? "";
  const faults = faultsOf(raised, routeCodes).map((fault): Fault => {
    if (fault.code !== "RouteNotApproved") return fault;
    return { ...fault, remedy: `headscale nodes approve-routes --identifier ${id} --routes ${own.list.join(",")}` };
  });
  if (faults.length > 0) return { kind: "faults", faults };
  const live = [...verdicts.values()].filter(({ route }) => route === "live").length;
  const away = others.filter(({ isOnline }) => !isOnline).map(({ name }) => name);
  const words = `${live} of ${count(targets.length, "node")} answer${away.length === 0 ? "" : `; offline: ${away.join(", ")}`}`;
  const isBlind = targets.length > 0 && [...verdicts.values()].every(({ cause }) => cause === "no-gateway");
  return isBlind || targets.length === 0
    ? notChecked(
        isBlind
          ? "this node's gateway address is on no device yet (see bridge)"
          : `no other node can be asked now${away.length === 0 ? "" : `; offline: ${away.join(", ")}`}`,
      )
    : faultsOr([], words);
}
