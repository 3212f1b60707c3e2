// Node objects as `kubectl get node -o yaml` saves them. Only the core group's: Calico and others have a Node of their own.

import { Claims, claimItems } from "../inspect/statements.ts";
import { at, child, type Tree, textAt } from "../text/tree.ts";
import type { NodeEntry, ReadContext } from "./context.ts";

/** Notes a Node and its CIDRs; which Node is ours is decided when the whole file was read. */
export function readNode(tree: Tree, context: ReadContext): void {
  const claims = new Claims();
  const by = "api-server";
  claims.addTree("node", "spec.podCIDR", at(tree, "spec", "podCIDR"), { by });
  claims.addTree("node", "spec.podCIDRs", at(tree, "spec", "podCIDRs"), { by });
  const one = textAt(tree, "spec", "podCIDR")?.trim() ?? "";
  const [first] = claimItems(at(tree, "spec", "podCIDRs"));
  if (one !== "" && first !== undefined && first.text !== one) {
    claims.remark(
      "spec.podCIDR is not the first of spec.podCIDRs, as the API server has it: the file is damaged",
      first.line,
    );
  }
  const name = textAt(tree, "metadata", "name")?.trim();
  context.nodes.push({ name, line: child(tree, "spec")?.line ?? tree.line, claims });
}

/**
 * Which of a file's Nodes is this one: by name when the name is known, else the only one there is. Its claims join the
 * file's; for any other a remark says why it does not count.
 */
export function settleNodes(nodes: readonly NodeEntry[], nodeName: string | undefined, into: Claims): void {
  if (nodes.length === 0) return;
  const named = nodes.filter((node) => node.name?.toLowerCase() === nodeName?.toLowerCase());
  const [only] = nodes;
  if (nodeName === undefined && nodes.length === 1 && only !== undefined) {
    adopt(only, into);
  } else if (nodeName === undefined) {
    into.remark(`holds ${nodes.length} Node objects: say which one this node is`);
  } else if (named.length === 0) {
    const which = nodes.length === 1 ? "holds a Node object of another name" : `holds ${nodes.length} Node objects`;
    into.remark(`${which}, none named "${nodeName}"`, nodes.length === 1 ? only?.line : undefined);
  } else {
    for (const node of named) adopt(node, into);
  }
}

function adopt(node: NodeEntry, into: Claims): void {
  into.claims.push(...node.claims.claims);
  into.remarks.push(...node.claims.remarks);
}
