// Whom packets can be sent to, and between which addresses. Pure.

import { gatewayOf, type PodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { MeshNode } from "../mesh.ts";
import type { ProofPath } from "./answers.ts";

/** The paths to one peer, one for each family that both have. */
export interface ProofTarget {
  readonly id: string;
  readonly paths: readonly ProofPath[];
}

/** Nodes that are there and serve what this node has a family of. */
export function proofTargets(nodes: readonly MeshNode[], own: PodCIDRs): readonly ProofTarget[] {
  const self = nodes.find(({ isSelf }) => isSelf);
  if (self === undefined) return [];
  return nodes.flatMap((node): ProofTarget[] => {
    if (node.isSelf || !node.isOnline || !node.isServing) return [];
    const paths = own.list.flatMap((podCIDR): ProofPath[] => {
      const { family } = podCIDR;
      const theirs = node.podCIDRs.find((other) => other.family === family && !own.overlaps(other));
      if (theirs === undefined) return [];
      const addressOf = ({ addresses }: MeshNode) => addresses.find((addr) => addr.family === family);
      return [
        {
          from: { gateway: gatewayOf(podCIDR).addr, node: addressOf(self) },
          to: { gateway: gatewayOf(theirs).addr, node: addressOf(node) },
        },
      ];
    });
    return paths.length === 0 ? [] : [{ id: node.id, paths }];
  });
}
