// CNI configurations that another network left: the subnets host-local gives this node's pods addresses from.

import { type Foreign, type Statement, type Statements, valuesIn } from "../statements.ts";
import { child, has, itemsOf, type Tree, textAt } from "../text/tree.ts";
import { foreignOwner } from "./network-owner.ts";
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

/** Whether a document is a CNI configuration list or a single configuration. */
function isCniConfig(tree: Tree): boolean {
  if (child(tree, "plugins")?.kind === "list" && (has(tree, "cniVersion") || has(tree, "name"))) return true;
  if (!has(tree, "type")) return false;
  // Without a version it is of the first one, as those of old are that hand their network on.
  if (has(tree, "cniVersion") || child(tree, "delegates")?.kind === "list") return true;
  return ["ipam", "delegate"].some((key) => child(tree, key)?.kind === "map");
}

/** States the subnets of every host-local in the configuration. Other IPAM plugins share their ranges between nodes. */
function readCniConfig(config: Tree, statements: Statements): void {
  for (const plugin of pluginsOf(config)) {
    readPlugin(config, plugin, statements);
    // Of multus' delegates only the one that makes the pods' network; a delegate is a configuration of its own.
    const master = masterOf(plugin);
    for (const delegate of itemsOf(child(plugin, "delegates"))) {
      const further = delegate === master ? undefined : furtherNetwork;
      for (const inner of pluginsOf(delegate)) readPlugin(delegate, inner, statements, further);
    }
  }
}

const furtherNetwork: Foreign = {
  whose: "wire",
  why: "is of a network that pods get beside their own",
  isFurther: true,
};

function readPlugin(config: Tree, plugin: Tree, statements: Statements, further?: Foreign): void {
  // flannel's plugin and others hand a part of their configuration on to bridge.
  const own = child(plugin, "ipam");
  const delegate = own === undefined ? child(plugin, "delegate") : undefined;
  const ipam = own ?? child(delegate, "ipam");
  if (ipam?.kind !== "map") return;
  const foreign = further ?? foreignOwner({ config, plugin, delegate, ipam });
  const network = { foreign, device: bridgeOf(delegate ?? plugin) };
  if (textAt(ipam, "type") === "host-local") readHostLocal(ipam, statements, network);
  else if (foreign?.whose === "wire") readShared(ipam, statements, network);
}

/** The ranges of whereabouts and static, which count where they are the network's outside: others may have their addresses. */
function readShared(ipam: Tree, statements: Statements, network: Pick<Statement, "foreign" | "device">): void {
  const add = (key: string, trees: readonly (Tree | undefined)[]): void =>
    statements.add({ meaning: "node", by: "conflist", ...network, key, values: trees.flatMap(valuesIn) });
  const each = (list: string, key: string) => itemsOf(child(ipam, list)).map((item) => child(item, key));
  if (textAt(ipam, "type") === "whereabouts") {
    add("ipam.range", [child(ipam, "range")]);
    add("ipam.ipRanges.range", each("ipRanges", "range"));
  }
  if (textAt(ipam, "type") === "static") add("ipam.addresses.address", each("addresses", "address"));
}

/** The bridge of the bridge plugin; the others make a device for each pod. */
function bridgeOf(plugin: Tree): string | undefined {
  return textAt(plugin, "bridge") ?? (textAt(plugin, "type") === "bridge" ? "cni0" : undefined);
}

function pluginsOf(config: Tree | undefined): readonly Tree[] {
  if (config === undefined) return [];
  return has(config, "plugins") ? itemsOf(child(config, "plugins")) : [config];
}

/** Of multus' delegates the one that makes the pods' network: the one marked so, else the first; the rest make further interfaces. */
function masterOf(plugin: Tree): Tree | undefined {
  const delegates = itemsOf(child(plugin, "delegates"));
  return delegates.find((delegate) => textAt(delegate, "masterplugin") === "true") ?? delegates[0];
}

/** Ranges of both families are one statement, which the chain takes or passes over as a whole: samples pair a private IPv4 range with a made-up IPv6 one. */
function readHostLocal(ipam: Tree, statements: Statements, network: Pick<Statement, "foreign" | "device">): void {
  const by = { by: "conflist", ...network } as const;
  statements.add({ meaning: "node", ...by, key: "ipam.subnet", values: valuesIn(child(ipam, "subnet")) });
  const sets = itemsOf(child(ipam, "ranges"));
  // A flat list of ranges is not valid, but what it means is plain.
  const ranges = sets.flatMap((set) => (set.kind === "map" ? [set] : itemsOf(set)));
  const values = ranges.slice(0, 64).flatMap((range) => valuesIn(child(range, "subnet")));
  statements.add({ meaning: "node", ...by, key: "ipam.ranges.subnet", values });
}
