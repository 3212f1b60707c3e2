// Whom packets can be sent to, and between which addresses. Pure.

import { gatewayOf, type PodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { MeshNode } from "../mesh.ts";
import type { ProofPath } from "./answers.ts";

/** The paths to one peer, one for each family that both have. */
export interface ProofTarget {
  readonly id: string;
  readonly paths: readonly ProofPath[];
  /** The paths as text, to see that they changed. */
  readonly text: string;
}

/** The targets by id, made anew only for other nodes or PodCIDRs: in a large mesh that takes longer than asking. */
export function createProofTargets() {
  let known: { readonly nodes: readonly MeshNode[]; readonly own: PodCIDRs } | undefined;
  let targets: ReadonlyMap<string, ProofTarget> = new Map();
  /** Of each node, undefined for one that is not asked: a node that is as it was is the same object. */
  let made = new WeakMap<MeshNode, { readonly target: ProofTarget | undefined }>();
  let self: MeshNode | undefined;
  return (nodes: readonly MeshNode[], own: PodCIDRs): ReadonlyMap<string, ProofTarget> => {
    if (known?.nodes === nodes && known.own === own) return targets;
    const now = ownNode(nodes);
    if (now !== self || known?.own !== own) made = new WeakMap();
    self = now;
    known = { nodes, own };
    const found = nodes.flatMap((node) => {
      const { target } = made.get(node) ?? { target: targetOf(node, self, own) };
      made.set(node, { target });
      return target ?? [];
    });
    targets = new Map(found.map((target) => [target.id, target]));
    return targets;
  };
}

/**
 * Nodes that are there. One that serves what this node has a family of is asked at its gateway; one that serves nothing on the tailnet
 * alone: where no node's route is approved yet, it is the only one that can tell so.
 */
export function proofTargets(nodes: readonly MeshNode[], own: PodCIDRs): readonly ProofTarget[] {
  const self = ownNode(nodes);
  return nodes.flatMap((node) => targetOf(node, self, own) ?? []);
}

function ownNode(nodes: readonly MeshNode[]): MeshNode | undefined {
  return nodes.find(({ isSelf }) => isSelf);
}

function targetOf(node: MeshNode, self: MeshNode | undefined, own: PodCIDRs): ProofTarget | undefined {
  if (self === undefined || node.isSelf || !node.isOnline) return undefined;
  const paths = own.list.flatMap((podCIDR): ProofPath[] => {
    const { family } = podCIDR;
    const addressOf = ({ addresses }: MeshNode) => addresses.find((addr) => addr.family === family);
    const from = { gateway: gatewayOf(podCIDR).addr, node: addressOf(self) };
    const to = addressOf(node);
    if (!node.isServing) return to === undefined ? [] : [{ from, to: { gateway: undefined, node: to } }];
    const theirs = node.podCIDRs.find((other) => other.family === family && !own.overlaps(other));
    return theirs === undefined ? [] : [{ from, to: { gateway: gatewayOf(theirs).addr, node: to } }];
  });
  return paths.length === 0 ? undefined : { id: node.id, paths, text: JSON.stringify(paths) };
}
