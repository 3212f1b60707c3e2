// The names that Kubernetes' programs, and those who install them, give the ranges: flags and keys with one meaning wherever they
// stand. Everything that decides whether, and how, a text is read takes its names from here.

import type { Family } from "../../cidr/addr.ts";
import type { Meaning } from "../statements.ts";

/** What a name stands for. */
export interface RangeName {
  readonly meaning: Meaning;
  readonly family?: Family;
}

/** Flags of Kubernetes' programs, and of what starts them, by their name. */
export const flags: ReadonlyMap<string, RangeName> = new Map<string, RangeName>([
  ["cluster-cidr", { meaning: "cluster" }],
  // kubeadm init's name for it.
  ["pod-network-cidr", { meaning: "cluster" }],
  ["service-cluster-ip-range", { meaning: "service" }],
  // Its name before Kubernetes 1.0.
  ["portal-net", { meaning: "service" }],
  // kubeadm's and k3s' name for it.
  ["service-cidr", { meaning: "service" }],
  ["node-cidr-mask-size", { meaning: "mask" }],
  ["node-cidr-mask-size-ipv4", { meaning: "mask", family: "ipv4" }],
  ["node-cidr-mask-size-ipv6", { meaning: "mask", family: "ipv6" }],
  // The kubelet's own flag, for a kubelet without an API server.
  ["pod-cidr", { meaning: "node" }],
]);

/** Flags that programs of other vendors have too, with other meanings. */
const sharedFlags: ReadonlySet<string> = new Set(["pod-cidr", "service-cidr", "portal-net"]);

/** k3s and RKE2 hand `name=value` on to a program with these. */
const passOn: ReadonlySet<string> = new Set([
  "kube-controller-manager-arg",
  "kube-cloud-controller-manager-arg",
  "kube-apiserver-arg",
  "kube-proxy-arg",
  "kubelet-arg",
]);

/** Keys in their plain form: clusterCIDR, cluster-cidr, cluster_cidr, ClusterCidr and CLUSTER_CIDR are one key. */
export const keyGroups: readonly (readonly [RangeName, string])[] = [
  [
    { meaning: "cluster" },
    "podsubnet podsubnets podsubnetcidr podnetworkcidr clustercidr clustercidrs clusternetworkcidr clusterpodcidr",
  ],
  [
    { meaning: "service" },
    "servicesubnet servicesubnets servicesubnetcidr servicecidr servicecidrs servicenetworkcidr",
  ],
  [{ meaning: "service" }, "serviceclusteriprange clusterservicecidr svccidr svcsubnet"],
  [{ meaning: "mask" }, "nodecidrmasksize podsubnetnodecidrprefix"],
  [{ meaning: "mask", family: "ipv4" }, "nodecidrmasksizeipv4"],
  [{ meaning: "mask", family: "ipv6" }, "nodecidrmasksizeipv6"],
  // GKE's and eksctl's.
  [{ meaning: "cluster" }, "clusteripv4cidr clusteripv4cidrblock"],
  [{ meaning: "service" }, "serviceipv4cidr servicesipv4cidr servicesipv4cidrblock"],
  [{ meaning: "mask", family: "ipv4" }, "nodeipv4cidrsize podipv4cidrsize"],
  // Kubespray's and its likes'.
  [{ meaning: "cluster" }, "kubepodssubnet kubepodsubnet"],
  [{ meaning: "service" }, "kubeserviceaddresses kubeservicesubnet"],
  [{ meaning: "mask", family: "ipv4" }, "kubenetworknodeprefix"],
];
/** Keys by their plain form. */
export const keys: ReadonlyMap<string, RangeName> = new Map(
  keyGroups.flatMap(([name, list]) => list.split(" ").map((key) => [key, name] as const)),
);

/** Keys that are this node's range or the cluster's, by what stands beside them. */
export const podKeys: readonly string[] = ["podCIDR", "podCIDRs", "pod-cidr", "pod-cidrs"];

/**
 * Names that mean a range only inside one format, in their plain form: host-local's `subnet`, flannel's `Network` and `FLANNEL_…`,
 * Cluster API's `cidrBlocks`.
 */
const formatNames: readonly string[] = ["subnet", "network", "cidrblocks"];

/** What a flag stands for, by its name without dashes before it; undefined for any other. */
export function flagMeaning(name: string): RangeName | undefined {
  return flags.get(name);
}

/** Whether only Kubernetes' programs have this flag. */
export function isOwnFlag(name: string): boolean {
  return flags.has(name) && !sharedFlags.has(name);
}

/** Whether k3s and RKE2 hand the value of this flag or key on to a program. */
export function isPassedOn(name: string): boolean {
  return passOn.has(name);
}

/** A key as it is looked up. */
export function plainKey(key: string): string {
  return key.replace(/[-_]/g, "").toLowerCase();
}

/** What a key stands for wherever it is; undefined for any other. */
export function rangeKey(key: string): RangeName | undefined {
  return keys.get(plainKey(key));
}

/** Whether a key is one of those that may be this node's or the cluster's. */
export function isPodKey(key: string): boolean {
  return podKeys.includes(key);
}

/** The shortest names: one that holds another says nothing more of a text. */
const mention = new RegExp(
  shortest([...new Set([...[...flags.keys(), ...podKeys].map(plainKey), ...keys.keys(), ...formatNames])]),
);

function shortest(names: readonly string[]): string {
  return names.filter((name) => !names.some((other) => other !== name && name.includes(other))).join("|");
}

/**
 * Whether a text has any of the names in it. Most sources of most nodes (a kubelet's configuration, kubeconfigs) have none, and
 * then the YAML library need not even be loaded. A backslash can hide a name in an escape.
 */
export function mentionsRange(text: string): boolean {
  return text.includes("\\") || mention.test(plainKey(text));
}
