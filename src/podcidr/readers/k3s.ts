// Documents without apiVersion and kind: k3s' and RKE2's config.yaml, and the bare keys people leave in files of a node
// (`podCIDR`, `pod-cidr`). Only top-level keys that have one meaning count.

import { describesCluster } from "../inspect/pod-cidr-keys.ts";
import { child, entriesOf, itemsOf, type Tree } from "../text/tree.ts";
import type { ReadContext } from "./context.ts";
import { claimPassedOn } from "./flags.ts";
import { claimPaths, type PathRule } from "./key-paths.ts";
import { claimExtraArgs } from "./kubeadm.ts";
import { isPassedOn } from "./vocabulary.ts";

const bareRules: readonly PathRule[] = [
  { path: "cluster-cidr", meaning: "cluster" },
  { path: "clusterCIDR", meaning: "cluster" },
  { path: "service-cidr", meaning: "service" },
  { path: "serviceCIDR", meaning: "service" },
  { path: "service-cluster-ip-range", meaning: "service" },
  { path: "networking.podSubnet", meaning: "cluster" },
  { path: "networking.serviceSubnet", meaning: "service" },
  { path: "networking.clusterCIDR", meaning: "cluster" },
  { path: "node-cidr-mask-size", meaning: "mask" },
  { path: "node-cidr-mask-size-ipv4", meaning: "mask", family: "ipv4" },
  { path: "node-cidr-mask-size-ipv6", meaning: "mask", family: "ipv6" },
];
const podKeys = ["podCIDR", "podCIDRs", "pod-cidr", "pod-cidrs"] as const;
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
  "kube-proxy-arg",
  "etcd-expose-metrics",
]);

/** Whether the document has the keys of a k3s or RKE2 configuration. */
export function isK3sConfig(tree: Tree): boolean {
  return entriesOf(tree).some(({ key }) => k3sKeys.has(key.replace(/\+$/, "")));
}

/** Claims the bare keys of a document without a kind. */
export function readBareKeys(tree: Tree, context: ReadContext): void {
  claimPaths(context.claims, tree, bareRules);
  for (const { key, value } of entriesOf(tree)) {
    // k3s: `key+` appends to what an earlier file said.
    const name = key.replace(/\+$/, "");
    if (name !== key && (name === "cluster-cidr" || name === "service-cidr")) {
      context.claims.addTree(name === "cluster-cidr" ? "cluster" : "service", name, value);
    }
    // MicroK8s' and Canonical Kubernetes' launch files: flags by component.
    if (/^extra-?(node-)?kube[a-z-]{0,40}args$/i.test(name)) claimExtraArgs(context.claims, value, `${name} `);
    if (!isPassedOn(name)) continue;
    for (const item of itemsOf(value)) {
      if (item.kind === "scalar" && item.text !== undefined) {
        claimPassedOn(context.claims, name, { text: item.text.trim().replace(/^--/, ""), line: item.line });
      }
    }
  }
  const meaning = describesCluster(tree) ? "cluster" : "node";
  for (const key of podKeys) context.claims.addTree(meaning, key, child(tree, key));
}
