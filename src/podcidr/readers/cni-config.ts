// CNI configurations that another network left: the subnets host-local gives this node's pods addresses from.

import { type Statements, valuesIn } from "../statements.ts";
import { at, child, has, itemsOf, type Tree, textAt } from "../text/tree.ts";
import type { Reader } from "./reader.ts";

export const cniConfig: Reader = {
  format: "CNI configuration",
  finds: { node: "`subnet`, `ranges` of host-local, also in a `delegate`" },
  plain(tree, { statements, isNested }) {
    if (!isCniConfig(tree)) return undefined;
    // In a ConfigMap it is every node's, so whatever range it has is not this node's.
    if (!isNested) readCniConfig(tree, statements);
    return "conflist";
  },
};

/** Networks of tools that run beside Kubernetes and use the same dir: their subnets are the same on each machine. */
const privateNetworks = /^(podman|cni-podman\d*|nerdctl\d*|docker\d*)$/;

/** Whether a document is a CNI configuration list or a single configuration. */
function isCniConfig(tree: Tree): boolean {
  if (child(tree, "plugins")?.kind === "list" && (has(tree, "cniVersion") || has(tree, "name"))) return true;
  if (!has(tree, "type")) return false;
  return has(tree, "cniVersion") || child(tree, "ipam")?.kind === "map" || child(tree, "delegates")?.kind === "list";
}

/** States the subnets of every host-local in the configuration. Other IPAM plugins share their ranges between nodes. */
function readCniConfig(tree: Tree, statements: Statements): void {
  const name = textAt(tree, "name") ?? "";
  const plugins = has(tree, "plugins") ? itemsOf(child(tree, "plugins")) : [tree];
  for (const plugin of plugins.flatMap((plugin) => [plugin, ...masterOf(plugin)])) {
    // flannel's plugin and others hand a part of their configuration on to bridge.
    const ipam = child(plugin, "ipam") ?? at(plugin, "delegate", "ipam");
    if (ipam?.kind !== "map" || textAt(ipam, "type") !== "host-local") continue;
    const bridge = textAt(plugin, "bridge") ?? textAt(plugin, "delegate", "bridge") ?? "";
    const isPrivate = privateNetworks.test(name) || privateNetworks.test(bridge);
    readHostLocal(ipam, statements, isPrivate ? "private-conflist" : "conflist");
  }
}

/** Of multus' delegates the one that makes the pods' network: the one marked so, else the first; the rest make further interfaces. */
function masterOf(plugin: Tree): readonly Tree[] {
  const delegates = itemsOf(child(plugin, "delegates"));
  const master = delegates.find((delegate) => textAt(delegate, "masterplugin") === "true") ?? delegates[0];
  if (master === undefined) return [];
  return has(master, "plugins") ? itemsOf(child(master, "plugins")) : [master];
}

/** Ranges of both families are one statement, which the chain takes or passes over as a whole: samples pair a private IPv4 range with a made-up IPv6 one. */
function readHostLocal(ipam: Tree, statements: Statements, by: "conflist" | "private-conflist"): void {
  statements.add({ meaning: "node", by, key: "ipam.subnet", values: valuesIn(child(ipam, "subnet")) });
  const sets = itemsOf(child(ipam, "ranges"));
  // A flat list of ranges is not valid, but what it means is plain.
  const ranges = sets.flatMap((set) => (set.kind === "map" ? [set] : itemsOf(set)));
  const values = ranges.slice(0, 64).flatMap((range) => valuesIn(child(range, "subnet")));
  statements.add({ meaning: "node", by, key: "ipam.ranges.subnet", values });
}
