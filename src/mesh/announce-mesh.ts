// Says in the log which nodes came, went, or changed: one line each, and one for all at the start.

import type { Log } from "../sys/log/log.ts";
import type { Mesh, MeshNode } from "./mesh.ts";

export function announceMesh(log: Pick<Log, "info">, before: Mesh | undefined, { nodes }: Mesh): void {
  if (before === undefined) {
    log.info("MeshSeen", `The mesh has ${nodes.length} ${nodes.length === 1 ? "node" : "nodes"}`, {
      nodes: nodes.map(wordsOf),
    });
    return;
  }
  const known = new Map(before.nodes.map((node) => [node.id, node]));
  for (const node of nodes) {
    const last = known.get(node.id);
    known.delete(node.id);
    if (last === undefined) log.info("MeshNodeJoined", `A node joined the mesh: ${wordsOf(node)}`);
    // One that is as it was is the same object.
    else if (last !== node && wordsOf(last) !== wordsOf(node))
      log.info("MeshNodeChanged", `A node of the mesh changed: ${wordsOf(node)}`, { was: wordsOf(last) });
  }
  for (const node of known.values()) log.info("MeshNodeLeft", `A node left the mesh: ${wordsOf(node)}`);
}

function wordsOf({ name, podCIDRs, isOnline, isServing }: MeshNode): string {
  const ranges = podCIDRs.length === 0 ? "no PodCIDR" : podCIDRs.join(", ");
  return `${name}, ${ranges}${isOnline ? (isServing ? "" : ", not served") : ", offline"}`;
}
