// Documents without apiVersion and kind: k3s' and RKE2's config.yaml, and the bare keys people leave in files of a node
// (`podCIDR`, `pod-cidr`). Only top-level keys count.

import { type StatedValue, Statements, valuesIn } from "../statements.ts";
import { child, entriesOf, has, itemsOf, type Tree, type TreeEntry, type TreeMap } from "../text/tree.ts";
import { looksLikeAddress } from "../usable.ts";
import { stateExtraArgs, statePassedOn } from "./flags.ts";
import { rangePaths, statePaths, stateRangeKey } from "./key-paths.ts";
import { isBareKubeconfig } from "./objects.ts";
import type { ReadContext, Reader } from "./reader.ts";
import { isPassedOn, plainKey, podKeys, rangeKey } from "./vocabulary.ts";

export const settings: Reader = {
  format: "bare keys",
  finds: {
    node: "`podCIDR`, `pod-cidr`; `pod-cidr` in `kubelet-arg`",
    cluster: "the keys below, at the top or in `networking`; flags in `kube-controller-manager-arg` and its like",
    service: "the keys below; flags in `kube-apiserver-arg` and its like",
    mask: "the keys below; flags in `kube-controller-manager-arg`",
  },
  plain(tree, context) {
    if (tree.kind !== "map") return undefined;
    if (isBareKubeconfig(tree)) return "kubeconfig";
    const before = context.statements.list.length;
    readBareKeys(tree, context);
    for (const entry of lastEntries(tree)) stateRangeEntry(entry, context.statements);
    stateBesides(tree, context.statements, statePodRange);
    return settingsKind(tree, context.statements.list.length > before);
  },
};

/** Keys that are refused aloud when their value is no range. */
const bareRules = rangePaths(
  "cluster-cidr",
  "clusterCIDR",
  "service-cidr",
  "serviceCIDR",
  "service-cluster-ip-range",
  "networking.podSubnet",
  "networking.serviceSubnet",
  "networking.clusterCIDR",
  "node-cidr-mask-size",
  "node-cidr-mask-size-ipv4",
  "node-cidr-mask-size-ipv6",
);
const k3sKeys: ReadonlySet<string> = new Set([
  "cluster-cidr",
  "service-cidr",
  "cluster-dns",
  "cluster-domain",
  "cluster-init",
  "flannel-backend",
  "write-kubeconfig-mode",
  "tls-san",
  "node-name",
  "node-ip",
  "node-label",
  "node-taint",
  "kubelet-arg",
  "kube-apiserver-arg",
  "kube-controller-manager-arg",
  "kube-controller-arg",
  "kube-proxy-arg",
  "etcd-expose-metrics",
]);

/** The word for a document of bare keys. */
export function settingsKind(tree: Tree, saysSomething: boolean): string {
  const isK3s = entriesOf(tree).some(({ key }) => k3sKeys.has(key.replace(/\+$/, "")));
  return isK3s ? "k3s" : saysSomething ? "settings" : "unknown";
}

/** States the bare keys of a document without a kind. */
export function readBareKeys(tree: Tree, { statements }: ReadContext): void {
  statePaths(statements, tree, bareRules);
  for (const { key, value } of entriesOf(tree)) {
    // k3s: `key+` appends to what an earlier file said.
    const name = key.replace(/\+$/, "");
    if (name !== key && (name === "cluster-cidr" || name === "service-cidr")) {
      statements.addTree(name === "cluster-cidr" ? "cluster" : "service", name, value);
    }
    // MicroK8s' and Canonical Kubernetes' launch files: flags by component.
    if (/^extra-?(node-)?kube[a-z-]{0,40}args$/i.test(name)) stateExtraArgs(statements, value, `${name} `);
    if (!isPassedOn(name)) continue;
    for (const item of itemsOf(value)) {
      if (item.kind === "scalar" && item.text !== undefined) {
        statePassedOn(statements, name, { text: item.text.trim().replace(/^--/, ""), line: item.line });
      }
    }
  }
  const meaning = describesCluster(tree) ? "cluster" : "node";
  for (const key of podKeys) statements.addTree(meaning, key, child(tree, key));
}

/** A map's entries, of a repeated key the last. */
export function lastEntries({ entries }: TreeMap): readonly TreeEntry[] {
  return [...new Map(entries.map((entry) => [entry.key, entry])).values()];
}

/** States a key that means the same everywhere, in any spelling, where a range or a length is its value. */
export function stateRangeEntry({ key, value }: TreeEntry, statements: Statements): void {
  if (rangeKey(key) === undefined) return;
  const values = valuesIn(value).filter(({ text }) => looksLikeAddress(text) || /^\/?\d{1,3}$/.test(text));
  if (!isStated(values, statements)) stateRangeKey(statements, key, values);
}

/** States what `state` finds in a map, but not what is stated already. */
export function stateBesides(
  map: TreeMap,
  statements: Statements,
  state: (found: Statements, map: TreeMap) => void,
): void {
  const found = new Statements();
  state(found, map);
  for (const statement of found.list) if (!isStated(statement.values, statements)) statements.add(statement);
}

/** Whether a value was stated already, under the key's longer name. */
function isStated([first]: readonly StatedValue[], { list }: Statements): boolean {
  return list.some(({ values }) => values.some(({ text, line }) => text === first?.text && line === first.line));
}

/** Keys of Canonical Kubernetes' bootstrap file, where `pod-cidr` is the cluster's. */
const clusterFiles: readonly string[] = ["cluster-config", "datastore-type", "k8s-dqlite-port"];

/**
 * Whether a map describes a cluster: then its `podCIDR` is the cluster's. A map that states the service range, and no cluster
 * range, does (Canonical Kubernetes' bootstrap file, vendors' values files).
 */
function describesCluster(tree: Tree): boolean {
  if (clusterFiles.some((key) => has(tree, key))) return true;
  const meanings = new Set(entriesOf(tree).map(({ key }) => rangeKey(key)?.meaning));
  return meanings.has("service") && !meanings.has("cluster");
}

/** AKS' name for the cluster's pod range, which only beside a service range means anything. */
const aksKey = "clustersubnet";
/** Names that mean this node's range or the cluster's, in their plain form. */
export const plainPodKeys: ReadonlySet<string> = new Set([...podKeys.map(plainKey), "podcidrblock", aksKey]);

/** States the pod range of a map in a document whose kind says nothing. */
export function statePodRange(statements: Statements, map: TreeMap): void {
  const found = map.entries.filter(({ key }) => plainPodKeys.has(plainKey(key)));
  const isCluster = found.length > 0 && describesCluster(map);
  for (const { key, value } of found) {
    if (isCluster) statements.addTree("cluster", key, value);
    // Whose it is there cannot be told, unless it is too wide for any node.
    else if (plainKey(key) !== aksKey) statements.addTree("node", key, value, { by: "anybody" });
  }
}
