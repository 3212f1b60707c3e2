// The names that Kubernetes' programs, and their installers, give the ranges: flags and keys with one meaning wherever they
// stand. Everything that decides whether, and how, a text is read takes its names from here.

import type { Family } from "../../cidr/addr.ts";
import type { Meaning } from "../statements.ts";

/** What a name stands for. */
export interface RangeName {
  readonly meaning: Meaning;
  readonly family?: Family;
}

/**
 * Flags by their own spelling, keys in their plain form: clusterCIDR, cluster-cidr, cluster_cidr, ClusterCidr and CLUSTER_CIDR are one
 * key. Among them kubeadm's, GKE's, eksctl's, Kubespray's and Puppet's; `portal-net` is how Kubernetes before 1.0 called the service range.
 */
export const rangeNames: readonly (RangeName & { readonly flags: string; readonly keys: string })[] = [
  {
    meaning: "cluster",
    flags: "cluster-cidr pod-network-cidr",
    keys: `podsubnet podsubnets podsubnetcidr podnetworkcidr clustercidr clustercidrs clusternetworkcidr clusterpodcidr
      clusteripv4cidr clusteripv4cidrblock cnipodcidr kubepodssubnet kubepodsubnet`,
  },
  {
    meaning: "service",
    flags: "service-cluster-ip-range service-cidr portal-net",
    keys: `servicesubnet servicesubnets servicesubnetcidr servicecidr servicecidrs servicecidrblock servicenetworkcidr serviceclusteriprange
      clusterservicecidr svccidr svcsubnet serviceipv4cidr servicesipv4cidr servicesipv4cidrblock kubeserviceaddresses
      kubeservicesubnet`,
  },
  { meaning: "mask", flags: "node-cidr-mask-size", keys: "nodecidrmasksize podsubnetnodecidrprefix" },
  {
    meaning: "mask",
    family: "ipv4",
    flags: "node-cidr-mask-size-ipv4",
    keys: "nodecidrmasksizeipv4 nodeipv4cidrsize podipv4cidrsize kubenetworknodeprefix",
  },
  { meaning: "mask", family: "ipv6", flags: "node-cidr-mask-size-ipv6", keys: "nodecidrmasksizeipv6" },
  // The kubelet's own flag, for a kubelet without an API server.
  { meaning: "node", flags: "pod-cidr", keys: "" },
];

/** The names in a column of `rangeNames`. */
export function wordsOf(list: string): readonly string[] {
  return list.split(/\s+/).filter((word) => word !== "");
}

function byName(column: "flags" | "keys"): ReadonlyMap<string, RangeName> {
  return new Map(
    rangeNames.flatMap(({ flags, keys, ...known }) =>
      wordsOf({ flags, keys }[column]).map((name) => [name, known] as const),
    ),
  );
}

const flags = byName("flags");
const keys = byName("keys");

/** Flags that programs of other vendors have too, with other meanings. */
const sharedFlags: ReadonlySet<string> = new Set(["pod-cidr", "service-cidr", "portal-net"]);

/** k3s and RKE2 hand `name=value` on to a program with these; those without `-manager` are the former names, which they still take. */
const passOn: ReadonlySet<string> = new Set([
  "kube-controller-manager-arg",
  "kube-controller-arg",
  "kube-cloud-controller-manager-arg",
  "kube-cloud-controller-arg",
  "kube-apiserver-arg",
  "kube-proxy-arg",
  "kubelet-arg",
]);

/** Keys that are this node's range or the cluster's, by what stands beside them. */
export const podKeys: readonly string[] = ["podCIDR", "podCIDRs", "pod-cidr", "pod-cidrs"];

/**
 * Names that mean a range only inside one format, in their plain form: host-local's `subnet`, whereabouts' `range` (known by
 * its type), static's `addresses`, flannel's `Network` and `FLANNEL_…`, Cluster API's `cidrBlocks`.
 */
const formatNames: readonly string[] = ["subnet", "whereabouts", "addresses", "network", "cidrblocks"];

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

/** What a key stands for wherever it is, also in a namespace (`kubernetes::service_cidr`); undefined for any other. */
export function rangeKey(key: string): RangeName | undefined {
  return keys.get(plainKey(key.slice(key.lastIndexOf(":") + 1)));
}

/** Whether a key is one of those that may be this node's or the cluster's. */
export function isPodKey(key: string): boolean {
  return podKeys.includes(key);
}

/** The shortest names: one that holds another says nothing more of a text. */
const mention = new RegExp(shortest([...flags.keys(), ...keys.keys(), ...podKeys, ...formatNames].map(plainKey)));

function shortest(names: readonly string[]): string {
  const each = [...new Set(names)];
  return each.filter((name) => !each.some((other) => other !== name && name.includes(other))).join("|");
}

/**
 * Whether a text has any of the names in it. Most sources of most nodes (a kubelet's configuration, kubeconfigs) have none, and
 * then the YAML library need not even be loaded. A backslash can hide a name in an escape.
 */
export function mentionsRange(text: string): boolean {
  return text.includes("\\") || mention.test(plainKey(text));
}
