// Whether an approved route is served, and where not, why: an approval alone moves no packet. Pure, from a list of all nodes.

import type { Prefix } from "../../cidr/prefix.ts";
import type { HeadscaleNode } from "../headscale-node.ts";
import { isIn } from "./approval-list.ts";

/** The end of a sentence on a node's approved route: `is served`, `waits for node-2, which serves it`. */
export function servedWords(node: Pick<HeadscaleNode, "id">, route: Prefix, nodes: readonly HeadscaleNode[]): string {
  const now = nodes.find(({ id }) => id === node.id);
  if (now === undefined) return "is of a node that has gone";
  if (isIn(now.serving, route)) return "is served";
  const server = nodes.find(({ serving }) => isIn(serving, route));
  if (server !== undefined) return `waits for ${server.name} (${server.id}), which serves it`;
  if (!isIn(now.available, route)) return "is not offered by the node";
  return now.isOnline ? "is not served yet" : "will be served when the node is online";
}
