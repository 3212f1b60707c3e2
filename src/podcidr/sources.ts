// The local files that may say a PodCIDR, in the order they are asked. The daemon watches exactly these.

import { originalName } from "../node-state/aside-name.ts";
import { conflistFileName } from "../node-state/names.ts";
import { compareNames, isRuntimeConfig } from "../spec/runtime-order.ts";

/** How a path is asked. */
export type SourceFileKind =
  /** One file. */
  | "file"
  /** A folder whose `.yaml` and `.yml` files are read in order of name (k3s and RKE2 `config.yaml.d`). */
  | "yaml-folder"
  /** A folder whose CNI configurations are read in order of name, except HeadCNI's own. */
  | "conflist-folder";

export interface SourceFile {
  readonly path: string;
  readonly kind: SourceFileKind;
}

/** Where runtimes read CNI configurations unless told otherwise. */
const defaultConfDir = "/etc/cni/net.d";

/**
 * Every source of level 3, first hit wins.
 * @param nodeName a valid node name: it is part of a path.
 * @param confDir the CNI configuration folder HeadCNI writes to (`cni.confDir`). @default /etc/cni/net.d
 */
export function sourceFiles(nodeName: string, confDir = defaultConfDir): readonly SourceFile[] {
  const file = (path: string): SourceFile => ({ path, kind: "file" });
  return [
    file(`/var/lib/rancher/k3s/agent/etc/node-${nodeName}.yaml`),
    file("/etc/rancher/k3s/k3s.yaml"),
    file("/var/lib/rancher/k3s/agent/etc/kubelet.config"),
    file("/var/lib/kubelet/config.yaml"),
    file("/etc/kubernetes/kubeadm-config.yaml"),
    file("/etc/kubernetes/admin.conf"),
    file("/etc/kubernetes/manifests/kube-controller-manager.yaml"),
    file("/etc/kubernetes/manifests/kube-apiserver.yaml"),
    file("/etc/rancher/k3s/config.yaml"),
    { path: "/etc/rancher/k3s/config.yaml.d", kind: "yaml-folder" },
    file("/etc/rancher/rke2/config.yaml"),
    { path: "/etc/rancher/rke2/config.yaml.d", kind: "yaml-folder" },
    file("/run/flannel/subnet.env"),
    file("/var/lib/rancher/k3s/agent/etc/flannel/net-conf.json"),
    file(`${confDir}/10-containerd-net.conflist`),
    { path: confDir, kind: "conflist-folder" },
  ];
}

/**
 * Names of a CNI folder to read, in the order a runtime would have: others' configurations, and those that HeadCNI moved
 * aside, so that the range they gave the node outlives the migration.
 */
export function foreignConflists(names: readonly string[]): readonly string[] {
  const known = names.map((name) => ({ name, original: originalName(name)?.name ?? name }));
  return known
    .filter(({ original }) => isRuntimeConfig(original) && original !== conflistFileName)
    .sort((a, b) => compareNames(a.original, b.original) || compareNames(a.name, b.name))
    .map(({ name }) => name);
}
