// The local files that may say a PodCIDR, in the order they are asked, and the readers each is read by. The daemon watches exactly
// these; docs/reference/sources.md is generated from them.

import { originalName } from "../node-state/aside-name.ts";
import { conflistFileName } from "../node-state/names.ts";
import { type KubeletSettings, usualKubeletConfig, usualKubeletDir } from "../programs/kubelet-settings.ts";
import { isRuntimeConfig } from "../spec/runtime-order.ts";
import { compareNames } from "../sys/fs/file-name.ts";
import { cniConfig } from "./readers/cni-config.ts";
import { netConf, subnetEnv } from "./readers/flannel.ts";
import { kubeadm } from "./readers/kubeadm.ts";
import { kubelet, kubeProxy } from "./readers/kubelet.ts";
import { nodeObjects } from "./readers/node-object.ts";
import { configMaps, kubeconfig, lists } from "./readers/objects.ts";
import type { Reader } from "./readers/reader.ts";
import { settings } from "./readers/settings.ts";
import { workloads } from "./readers/workload.ts";

/** How a path is asked. */
export type SourceKind =
  /** One file. */
  | "file"
  /** A directory whose `.yaml` and `.yml` files are read in order of name (k3s and RKE2 `config.yaml.d`). */
  | "yaml-dir"
  /** A directory of the kubelet's configurations: every `.conf` in it, also deeper, the last in order of name first. */
  | "kubelet-dir"
  /** A directory whose CNI configurations are read in order of name, except HeadCNI's own. */
  | "conflist-dir";

export interface SourceFile {
  readonly path: string;
  readonly kind: SourceKind;
  /** What reads a document found there: the first of them that knows it. */
  readonly readers: readonly Reader[];
}

/** Where the kubelet reads its configuration. */
export type KubeletFiles = Pick<KubeletSettings, "config" | "configDir">;

const usualKubeletFiles: KubeletFiles = { config: usualKubeletConfig, configDir: usualKubeletDir };

/** Where runtimes read CNI configurations by default. */
const defaultConfDir = "/etc/cni/net.d";

/**
 * Every source of level 3, first hit wins.
 * @param nodeName a valid node name: it is part of a path.
 * @param confDir the CNI configuration directory HeadCNI writes to (`cni.confDir`). @default /etc/cni/net.d
 * @param kubelets where the kubelet reads its configuration. @default the usual places
 */
export function sourceFiles(
  nodeName: string,
  confDir = defaultConfDir,
  kubelets: KubeletFiles = usualKubeletFiles,
): readonly SourceFile[] {
  const manifests = "/etc/kubernetes/manifests";
  return [
    file(`/var/lib/rancher/k3s/agent/etc/node-${nodeName}.yaml`, nodeObjects, lists, settings),
    file("/etc/rancher/k3s/k3s.yaml", kubeconfig, settings),
    kubeletDir("/var/lib/rancher/k3s/agent/etc/kubelet.conf.d"),
    file("/var/lib/rancher/k3s/agent/etc/kubelet.config", kubelet, settings),
    kubeletDir("/var/lib/rancher/rke2/agent/etc/kubelet.conf.d"),
    ...(kubelets.configDir === undefined ? [] : [kubeletDir(kubelets.configDir)]),
    ...(kubelets.config === usualKubeletFiles.config ? [] : [file(kubelets.config, kubelet)]),
    file(usualKubeletFiles.config, kubelet, settings),
    file("/etc/kubernetes/kubeadm-config.yaml", kubeadm, kubelet, kubeProxy, configMaps, lists, settings),
    file("/etc/kubernetes/admin.conf", kubeconfig, settings),
    file(`${manifests}/kube-controller-manager.yaml`, kubelet, lists, workloads, settings),
    file(`${manifests}/kube-apiserver.yaml`, kubelet, lists, workloads, settings),
    file("/etc/rancher/k3s/config.yaml", settings),
    { path: "/etc/rancher/k3s/config.yaml.d", kind: "yaml-dir", readers: [settings] },
    file("/etc/rancher/rke2/config.yaml", settings),
    { path: "/etc/rancher/rke2/config.yaml.d", kind: "yaml-dir", readers: [settings] },
    file("/run/flannel/subnet.env", subnetEnv),
    file("/var/lib/rancher/k3s/agent/etc/flannel/net-conf.json", netConf),
    file(`${confDir}/10-containerd-net.conflist`, cniConfig),
    { path: confDir, kind: "conflist-dir", readers: [cniConfig] },
  ];
}

/** The kubelet wants a kind in each of its pieces: bare keys say nothing there. */
function kubeletDir(path: string): SourceFile {
  return { path, kind: "kubelet-dir", readers: [kubelet] };
}

/** The readers of all sources, each once. */
export function chainReaders(): readonly Reader[] {
  return [...new Set(sourceFiles("any").flatMap(({ readers }) => readers))];
}

function file(path: string, ...readers: readonly Reader[]): SourceFile {
  return { path, kind: "file", readers };
}

/**
 * Names of a CNI directory to read, in the order a runtime would have: others' configurations, and those that HeadCNI moved
 * aside, so that the range they gave the node outlives the migration.
 */
export function foreignConflists(names: readonly string[]): readonly string[] {
  const known = names.map((name) => ({ name, original: originalName(name)?.name ?? name }));
  return known
    .filter(({ original }) => isRuntimeConfig(original) && original !== conflistFileName)
    .sort((a, b) => compareNames(a.original, b.original) || compareNames(a.name, b.name))
    .map(({ name }) => name);
}
