// The nodes that a command names, by name or by Headscale's number.

import type { HeadscaleNode } from "../../headscale/headscale-node.ts";
import { HeadcniError } from "../../sys/errors.ts";

/** @throws HeadcniError HC_USAGE for a name that no node has, or more than one */
export function namedNodes(names: readonly string[], nodes: readonly HeadscaleNode[]): readonly HeadscaleNode[] {
  return names.map((name) => {
    const found = nodes.filter((node) => node.id === name || node.name === name);
    const [node] = found;
    if (node !== undefined && found.length === 1) return node;
    const all = found.map(({ id }) => id).join(", ");
    throw new HeadcniError(
      "HC_USAGE",
      node === undefined
        ? `Headscale has no node ${JSON.stringify(name)}`
        : `Headscale has more than one node ${JSON.stringify(name)}: ${all}`,
      { hint: "headscale nodes list shows names and numbers" },
    );
  });
}
