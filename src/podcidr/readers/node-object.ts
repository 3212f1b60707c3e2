// Node objects as `kubectl get node -o yaml` saves them. Only the core group's: Calico and others have a Node of their own.

import { keptNodeAnnotations } from "../../node-state/kept-node-object.ts";
import { Statements, valuesIn } from "../statements.ts";
import { at, child, has, type Tree, textAt } from "../text/tree.ts";
import { type PathRule, statePaths } from "./key-paths.ts";
import type { NodeEntry, ReadContext, Reader } from "./reader.ts";

export const nodeObjects: Reader = {
  format: "Node objects",
  finds: { node: "`spec.podCIDR`, `spec.podCIDRs` of the one with this node's name" },
  object(tree, context, { group, kind }) {
    if (group !== "" || kind !== "Node") return undefined;
    readNode(tree, context);
    return "node";
  },
  plain(tree, context) {
    const spec = child(tree, "spec");
    if (!has(spec, "podCIDR") && !has(spec, "podCIDRs")) return undefined;
    // With a name it can be another node's; without, it is a part that was cut out of a Node.
    if (at(tree, "metadata", "name") !== undefined) readNode(tree, context);
    else statePaths(context.statements, tree, partRules);
    return "node";
  },
};

const partRules: readonly PathRule[] = [
  { path: "spec.podCIDR", meaning: "node" },
  { path: "spec.podCIDRs", meaning: "node" },
];

/** Notes a Node and its CIDRs; which Node is ours is decided when the whole file was read. */
function readNode(tree: Tree, context: ReadContext): void {
  const statements = new Statements();
  const from = { by: "api-server", origin: originOf(tree) } as const;
  statements.addTree("node", "spec.podCIDR", at(tree, "spec", "podCIDR"), from);
  statements.addTree("node", "spec.podCIDRs", at(tree, "spec", "podCIDRs"), from);
  const one = textAt(tree, "spec", "podCIDR")?.trim() ?? "";
  const [first] = valuesIn(at(tree, "spec", "podCIDRs"));
  if (one !== "" && first !== undefined && first.text !== one) {
    statements.remark(
      "spec.podCIDR is not the first of spec.podCIDRs, as the API server has it: the file is damaged",
      first.line,
    );
  }
  const name = textAt(tree, "metadata", "name")?.trim();
  context.nodes.push({ name, line: child(tree, "spec")?.line ?? tree.line, statements });
}

/** Of a copy that HeadCNI keeps. No other text of a file is shown, so these must have the form they are written in. */
function originOf(tree: Tree): string | undefined {
  const server = textAt(tree, "metadata", "annotations", keptNodeAnnotations.server);
  const time = textAt(tree, "metadata", "annotations", keptNodeAnnotations.time);
  if (server === undefined || !/^https?:\/\/[\w.:[\]-]{1,260}$/.test(server)) return undefined;
  if (time === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z$/.test(time)) return undefined;
  return `the Node object, fetched from ${server} at ${time}`;
}

/**
 * Which of a file's Nodes is this one: by name when the name is known, else the only one there is. Its statements join the
 * file's; for any other a remark says why it does not count.
 * @returns the others, where this one's name is known
 */
export function selectNode(
  nodes: readonly NodeEntry[],
  nodeName: string | undefined,
  into: Statements,
): readonly NodeEntry[] {
  if (nodes.length === 0) return [];
  const named = nodes.filter((node) => node.name?.toLowerCase() === nodeName?.toLowerCase());
  const [only] = nodes;
  if (nodeName === undefined && nodes.length === 1 && only !== undefined) {
    into.addAll(only.statements);
  } else if (nodeName === undefined) {
    into.remark(`holds ${nodes.length} Node objects: say which one this node is`);
  } else if (named.length === 0) {
    const which = nodes.length === 1 ? "holds a Node object of another name" : `holds ${nodes.length} Node objects`;
    into.remark(`${which}, none named "${nodeName}"`, nodes.length === 1 ? only?.line : undefined);
  } else {
    for (const node of named) into.addAll(node.statements);
  }
  return nodeName === undefined ? [] : nodes.filter((node) => node.name !== undefined && !named.includes(node));
}
