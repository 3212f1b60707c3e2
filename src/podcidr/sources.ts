// The local files that may say a PodCIDR, in the order they are asked, and the readers each is read by. The daemon watches exactly
// these; docs/reference/sources.md is generated from them.

import { originalName } from "../node-state/aside-name.ts";
import { keptNodeObjectFile } from "../node-state/kept-node-object.ts";
import { conflistFileName } from "../node-state/names.ts";
import { type NodePrograms, usualPrograms } from "../programs/node-programs.ts";
import type { Overridden } from "../programs/program-settings.ts";
import { kubeProxyManifest, type RancherSettings } from "../programs/rancher-settings.ts";
import type { Place } from "../programs/word.ts";
import { isRuntimeConfig } from "../spec/runtime-order.ts";
import { compareNames } from "../sys/fs/file-name.ts";
import { type CommandLine, controlPlaneCommand, rancherCommand } from "./program-flags/command-lines.ts";
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
  /** The command line of a program, by the files it is put together from; `path` is where it would be first. */
  | "command"
  /** The directory of drop-ins of a configuration file of k3s or RKE2, read in order of name. */
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
  /** Whether its program reads the first document alone. @default false */
  readonly isOneDocument?: boolean;
  /** For a command line. */
  readonly command?: CommandLine;
  /** Values in these files that their program has from another place. */
  readonly overridden?: readonly Overridden[];
  /** The kubelet that reads it: of its sources the first that says this node's range takes the place of all others. */
  readonly kubelet?: string;
  /** What takes the place of this node's range in them. */
  readonly rangeBy?: Place | undefined;
}

/** Where runtimes read CNI configurations by default. */
const defaultConfDir = "/etc/cni/net.d";

/**
 * Every source of level 3, first hit wins.
 * @param nodeName a valid node name: it is part of a path.
 * @param confDir the CNI configuration directory HeadCNI writes to (`cni.confDir`). @default /etc/cni/net.d
 * @param programs what the node's programs were told. @default nothing
 */
export function sourceFiles(
  nodeName: string,
  confDir = defaultConfDir,
  programs: NodePrograms = usualPrograms,
): readonly SourceFile[] {
  const { k3s, rke2 } = programs;
  const manifests = "/etc/kubernetes/manifests";
  return [
    file(`${k3s.dataDir}/agent/etc/node-${nodeName}.yaml`, nodeObjects, lists, settings),
    file("/etc/rancher/k3s/k3s.yaml", kubeconfig, settings),
    command("/etc/systemd/system/k3s.service", rancherCommand(k3s)),
    command("/etc/systemd/system/rke2-server.service", rancherCommand(rke2)),
    piecesOf(k3s),
    file(`${k3s.dataDir}/agent/etc/kubelet.config`, kubelet, settings),
    piecesOf(rke2),
    ...kubeletSources(programs),
    file("/etc/kubernetes/kubeadm-config.yaml", kubeadm, kubelet, kubeProxy, configMaps, lists, settings),
    file("/etc/kubernetes/admin.conf", kubeconfig, settings),
    command("/proc", controlPlaneCommand(programs, "kube-controller-manager")),
    command("/proc", controlPlaneCommand(programs, "kube-apiserver")),
    file(`${manifests}/kube-controller-manager.yaml`, kubelet, lists, workloads, settings),
    file(`${manifests}/kube-apiserver.yaml`, kubelet, lists, workloads, settings),
    file(`${rke2.dataDir}/agent/pod-manifests/kube-controller-manager.yaml`, workloads),
    file(`${rke2.dataDir}/agent/pod-manifests/kube-apiserver.yaml`, workloads),
    file(kubeProxyManifest(rke2), workloads),
    ...configOf(k3s),
    ...configOf(rke2),
    file("/run/flannel/subnet.env", subnetEnv),
    file(`${k3s.dataDir}/agent/etc/flannel/net-conf.json`, netConf),
    file(`${confDir}/10-containerd-net.conflist`, cniConfig),
    { path: confDir, kind: "conflist-dir", readers: [cniConfig] },
    // Last: what the node itself was told counts before what a copy of the API server's word says.
    file(keptNodeObjectFile, nodeObjects),
  ];
}

/** The kubelet that is a service of its own: its flags, its pieces of configuration, its file. */
function kubeletSources({ kubelet: { flags, files, config, configDir } }: NodePrograms): readonly SourceFile[] {
  const title =
    "the command line of the kubelet: its unit with drop-ins, else `/var/lib/kubelet/kubeadm-flags.env`, `/etc/default/kubelet`, `/etc/sysconfig/kubelet`, else a process that runs on this node";
  const usual = usualPrograms.kubelet.config;
  return [
    {
      ...command("/etc/systemd/system/kubelet.service", { title, given: flags, files }),
      kubelet: "kubelet",
    },
    ...(configDir === undefined ? [] : [{ ...kubeletDir(configDir), kubelet: "kubelet" }]),
    ...(config === usual ? [] : [{ ...file(config, kubelet), kubelet: "kubelet" }]),
    { ...file(usual, kubelet, settings), ...(config === usual && { kubelet: "kubelet" }) },
  ];
}

/** The pieces of configuration of the kubelet in k3s and RKE2, whose flags count before them. */
function piecesOf({ name, dataDir, settings: given }: RancherSettings): SourceFile {
  const rangeBy = given.passedOn("kubelet-arg", "pod-cidr");
  return { ...kubeletDir(`${dataDir}/agent/etc/kubelet.conf.d`), kubelet: name, rangeBy };
}

/** The configuration of k3s and RKE2, without what they have from another place. */
function configOf({ config, settings: { overridden } }: RancherSettings): readonly SourceFile[] {
  return [
    { ...file(config, settings), isOneDocument: true, overridden },
    { path: `${config}.d`, kind: "yaml-dir", readers: [settings], isOneDocument: true, overridden },
  ];
}

/** The kubelet wants a kind in each of its pieces: bare keys say nothing there. */
function kubeletDir(path: string): SourceFile {
  return { path, kind: "kubelet-dir", readers: [kubelet] };
}

function command(path: string, line: CommandLine): SourceFile {
  return { path, kind: "command", readers: [], command: line };
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
