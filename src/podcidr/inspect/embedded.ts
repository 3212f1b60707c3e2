// Parts of a document that mean the same in whatever object they stand, because one system's configuration is carried around in many others:
// Cluster API's `clusterNetwork`, OpenShift's, and JSON patches of a cluster's description.

import type { Family } from "../../cidr/addr.ts";
import { stateRangeKey } from "../readers/key-paths.ts";
import { plainKey, rangeKey } from "../readers/vocabulary.ts";
import { type Meaning, type StatedValue, type Statement, type Statements, valuesIn } from "../statements.ts";
import { child, itemsOf, type Tree, type TreeMap, textAt } from "../text/tree.ts";
import { looksLikeAddress } from "../usable.ts";

/** States what such parts among a map's entries say. */
export function stateEmbedded(statements: Statements, map: TreeMap): void {
  for (const { key, value } of map.entries) {
    const name = plainKey(key);
    if (name === "pods" || name === "services") {
      statements.addTree(name === "pods" ? "cluster" : "service", `${key}.cidrBlocks`, child(value, "cidrBlocks"));
    } else if (name === "clusternetwork" || name === "clusternetworks") {
      for (const item of networksOf(value)) stateNetwork(statements, "cluster", key, item);
    } else if (name === "servicenetwork" || name === "servicenetworks") {
      for (const item of networksOf(value)) stateNetwork(statements, "service", key, item);
      if (value.kind === "scalar") statements.add({ meaning: "service", key, values: rangesOf(value) });
    } else if (name === "podnetwork") {
      for (const item of valuesIn(value)) stateSliced(statements, key, item);
    } else if (name === "clusternetworkcidr") stateSubnetLength(statements, map, valuesIn(value)[0]?.text);
  }
  statePatch(statements, map);
  for (const pair of pairs) statePair(statements, map, pair);
}

/** Keys whose meaning only the company of the other tells: alone they can be those of any subnet. */
const pairs: readonly ReadonlyMap<string, Meaning | undefined>[] = [
  // MetalK8s' and Gardener's networks, secondary ranges of a cloud's subnet.
  new Map([
    ["pod", "cluster"],
    ["service", "service"],
  ]),
  new Map([
    ["pods", "cluster"],
    ["services", "service"],
  ]),
  // Oracle's clusters.
  new Map([
    ["podscidr", "cluster"],
    ["servicescidr", "service"],
  ]),
  // OpenShift's API server.
  new Map([
    ["servicessubnet", "service"],
    ["servinginfo", undefined],
  ]),
];

function statePair(statements: Statements, map: TreeMap, pair: ReadonlyMap<string, Meaning | undefined>): void {
  const found = map.entries.filter(({ key }) => pair.has(plainKey(key)));
  const stated = found.flatMap(({ key, value }): Statement[] => {
    const meaning = pair.get(plainKey(key));
    const values = rangesOf(value);
    return meaning === undefined || values.length === 0 ? [] : [{ meaning, key, values }];
  });
  const expected = [...pair.values()].filter((meaning) => meaning !== undefined).length;
  if (new Set(found.map(({ key }) => plainKey(key))).size < pair.size || stated.length < expected) return;
  for (const statement of stated) statements.add(statement);
}

/** The values that have a prefix length: an address alone has its length in another key. */
function rangesOf(tree: Tree): readonly StatedValue[] {
  return valuesIn(tree).filter(({ text }) => looksLikeAddress(text) && text.includes("/"));
}

/** OVN-Kubernetes' ranges, which end with the length of a node's block: `10.244.0.0/16/24`. */
function stateSliced(statements: Statements, key: string, { text, line }: StatedValue): void {
  const [, cidr = "", length = ""] = /^([^/]+\/\d{1,3})\/(\d{1,3})$/.exec(text) ?? [];
  if (!looksLikeAddress(cidr)) return;
  statements.add({ meaning: "cluster", key, values: [{ text: cidr, line }] });
  statements.add({ meaning: "mask", family: familyOf(cidr), key, values: [{ text: length, line }] });
}

function networksOf(tree: Tree): readonly Tree[] {
  return tree.kind === "list" ? tree.items.slice(0, 64) : [];
}

/** One entry of OpenShift's lists: a CIDR, or a map with the size of a node's block beside it. */
function stateNetwork(statements: Statements, meaning: "cluster" | "service", key: string, item: Tree): void {
  const cidr = item.kind === "scalar" ? item : child(item, "cidr");
  const values = valuesIn(cidr).filter(({ text }) => looksLikeAddress(text));
  statements.add({ meaning, key: item.kind === "scalar" ? key : `${key}.cidr`, values });
  if (meaning === "service" || item.kind !== "map" || values.length === 0) return;
  const family = familyOf(values[0]?.text ?? "");
  const prefix = item.entries.find((entry) => plainKey(entry.key) === "hostprefix")?.value;
  statements.addTree("mask", `${key}.hostPrefix`, prefix, { family });
  stateSubnetLength(statements, item, values[0]?.text);
}

/** OpenShift up to 3.11: the length of the part that is the pod's own, `hostSubnetLength: 9` of a /23. */
function stateSubnetLength(statements: Statements, map: TreeMap, cidr: string | undefined): void {
  if (cidr === undefined) return;
  stateHostBits(statements, child(map, "hostSubnetLength"), { key: "hostSubnetLength", family: familyOf(cidr) });
}

/** States the length of a node's block that is written as the bits it leaves to pods. */
export function stateHostBits(
  statements: Statements,
  tree: Tree | undefined,
  { key, family }: { readonly key: string; readonly family: Family },
): void {
  const [bits] = valuesIn(tree);
  if (bits === undefined || !/^\d{1,3}$/.test(bits.text)) return;
  const text = String((family === "ipv4" ? 32 : 128) - Number(bits.text));
  statements.add({ meaning: "mask", family, key, values: [{ text, line: bits.line }] });
}

function familyOf(cidr: string): Family {
  return cidr.includes(":") ? "ipv6" : "ipv4";
}

/** RFC 6902: `{op: replace, path: /networking/podSubnet, value: …}`. */
function statePatch(statements: Statements, map: TreeMap): void {
  const path = textAt(map, "path");
  const key = path?.startsWith("/") === true ? path.slice(path.lastIndexOf("/") + 1) : "";
  if (rangeKey(key) === undefined || textAt(map, "op") === "remove") return;
  stateRangeKey(statements, key, itemsOf(child(map, "value")).flatMap(valuesIn));
}
