// Which container runtime makes the pods of this node, by what is on its disk, and what that one reads for CNI. The rows of `evidence`
// are asked in their order and the first that knows ends it; docs/conflist.md shows them.

import { keepRead, oneLook } from "../programs/kept-read.ts";
import { type KubeletSettings, kubeletSettings } from "../programs/kubelet-settings.ts";
import { readProcesses } from "../programs/processes.ts";
import { k3sSettings, type RancherSettings, rke2Settings } from "../programs/rancher-settings.ts";
import { readService } from "../programs/service-command.ts";
import { describePlace, flagValue } from "../programs/word.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { type CniDirs, cniDir, defaultConfDir, orDefault } from "./cni-dirs.ts";
import { readContainerdDirs } from "./containerd-files.ts";
import { type CriEndpoint, kubeletEndpoint, rancherEndpoint } from "./cri-endpoint.ts";
import { readCrioDirs } from "./crio-config.ts";
import { readPodmanDirs } from "./podman-config.ts";

interface ChosenRuntime {
  readonly kind: "chosen";
  readonly dirs: CniDirs;
  /** Why this one: a clause, `the kubelet is set to use it (/etc/default/kubelet:1)`. */
  readonly because: string;
  /** Others on this node whose configuration does not count, each with its place. */
  readonly passedOver: readonly string[];
}

export type RuntimeChoice =
  | ChosenRuntime
  /** Directories that are there, although no configuration names them yet. */
  | { readonly kind: "found"; readonly confDir: string; readonly binDir: string }
  /** `why` is a phrase: `no runtime's configuration found`. */
  | { readonly kind: "unknown"; readonly why: string };

/** What is on the node, each read when it is first asked for. */
interface Node {
  readonly system: System;
  readonly kubelet: KubeletSettings;
  /** k3s, then RKE2. */
  readonly rancher: readonly RancherSettings[];
  readonly containerd: () => CniDirs | undefined;
  /** The same of one that serves no Kubernetes as it is configured. */
  readonly containerdWithoutCri: () => CniDirs | undefined;
  readonly crio: () => CniDirs | undefined;
  readonly hasSocket: (path: string) => boolean;
}

type Found = Omit<ChosenRuntime, "passedOver"> | Exclude<RuntimeChoice, ChosenRuntime>;

const containerdSocket = "/run/containerd/containerd.sock";
const crioSocket = "/run/crio/crio.sock";
const containerdConfig = "/etc/containerd/config.toml";
/** Runtimes that a socket tells and whose configuration HeadCNI does not read. */
const notLookedAt: readonly (readonly [string, string])[] = [
  ["cri-dockerd", "cri-dockerd"],
  ["/k0s/", "k0s"],
  ["/microk8s/", "MicroK8s"],
];

const evidence: readonly ((node: Node) => Found | undefined)[] = [
  (node) => byEndpoint(node, "k3s or RKE2", rancherEndpoint(node.rancher)),
  ({ system, rancher }) => {
    // k3s and RKE2 bring a containerd each, and write its configuration when they start.
    const files = rancher.map(({ dataDir }) => join(dataDir, "agent/etc/containerd/config.toml"));
    const dirs = files.map((file) => containerdOf(system, file)).find((found) => found !== undefined);
    return chosen(dirs, "k3s or RKE2 brings it");
  },
  (node) => byEndpoint(node, "the kubelet", kubeletEndpoint(node.kubelet)),
  // containerd may be there for Docker, CRI-O is there for a kubelet only.
  ({ crio, hasSocket }) =>
    hasSocket(crioSocket) ? chosen(crio(), "it is configured and its socket is there") : undefined,
  ({ containerd, hasSocket }) =>
    hasSocket(containerdSocket) ? chosen(containerd(), "it is configured and its socket is there") : undefined,
  ({ crio }) => chosen(crio(), "it is configured"),
  ({ containerd }) => chosen(containerd(), "it is configured"),
  ({ hasSocket }) => (hasSocket(crioSocket) ? chosen(withoutFile("CRI-O"), "its socket is there") : undefined),
  foundOfK3s,
  ({ system }) => byPodman(system),
];

/** The runtime of this node. Files that cannot be read are passed over with a warning in the log. */
export function chooseRuntime(node: System): RuntimeChoice {
  const system = oneLook(node);
  const processes = readProcesses(system);
  const rancher = [k3sSettings(system, processes), rke2Settings(system, processes)];
  const programs = { kubelet: kubeletSettings(system, processes), rancher };
  return keepRead(system, {
    key: "runtime",
    inputs: [programs.kubelet, ...programs.rancher],
    read: (recorded) => lookForRuntime(recorded, programs),
  });
}

function lookForRuntime(system: System, programs: Pick<Node, "kubelet" | "rancher">): RuntimeChoice {
  const node: Node = {
    ...programs,
    system,
    containerd: once(() => containerdOf(system, containerdFile(system))),
    containerdWithoutCri: once(() => containerdOf(system, containerdFile(system), true)),
    crio: once(() => readCrioDirs(system)),
    hasSocket: (path) => system.files.stat(path) !== undefined,
  };
  for (const ask of evidence) {
    const found = ask(node);
    if (found === undefined) continue;
    return found.kind === "chosen" ? { ...found, passedOver: othersThan(found.dirs, node) } : found;
  }
  return { kind: "unknown", why: "no runtime's configuration found" };
}

function chosen(dirs: CniDirs | undefined, because: string): Found | undefined {
  return dirs === undefined ? undefined : { kind: "chosen", dirs, because };
}

/** @param user for people: what is set to use the endpoint */
function byEndpoint(node: Node, user: string, endpoint: CriEndpoint | undefined): Found | undefined {
  if (endpoint === undefined) return undefined;
  const { path } = endpoint;
  const place = `(${describePlace(endpoint)})`;
  const because = `${user} is set to use it ${place}`;
  const other = notLookedAt.find(([part]) => path.includes(part))?.[1];
  // k3s and RKE2 write their own socket into the kubelet's files: the row before has looked.
  if (path.startsWith("/run/k3s/") && other === undefined) return undefined;
  if (other === undefined && path.includes("crio")) return chosen(node.crio() ?? withoutFile("CRI-O"), because);
  if (path === containerdSocket) {
    const withCri = node.containerd();
    if (withCri !== undefined) return chosen(withCri, because);
    const file = containerdFile(node.system);
    // As packages of Docker leave it: pods come once that is turned on, and its directories are then those of the same file.
    const withoutCri = node.containerdWithoutCri();
    return withoutCri === undefined
      ? chosen(withoutFile("containerd"), because)
      : chosen(withoutCri, `${because}, although ${file} turns CRI off (disabled_plugins)`);
  }
  return {
    kind: "unknown",
    why: `${user} is set to use ${other ?? path} ${place}, whose configuration is not looked at`,
  };
}

/** k3s with its own flannel, whose containerd has not started yet. */
function foundOfK3s({ system: { files }, rancher }: Node): Found | undefined {
  const [{ dataDir } = { dataDir: "" }] = rancher;
  const confDir = join(dataDir, "agent/etc/cni/net.d");
  if (files.stat(confDir)?.kind !== "directory") return undefined;
  const binDirs = ["data/cni", "data/current/bin"].map((dir) => join(dataDir, dir));
  const binDir = binDirs.find((dir) => files.stat(join(dir, "bridge"))?.kind === "file");
  return binDir === undefined ? undefined : { kind: "found", confDir, binDir };
}

function byPodman(system: System): Found | undefined {
  const podman = readPodmanDirs(system);
  if (podman.kind === "absent") return undefined;
  if (podman.kind === "cni")
    return namesDirs(podman.dirs) ? chosen(podman.dirs, "no runtime of a kubelet is configured") : undefined;
  return { kind: "unknown", why: `podman uses netavark (${podman.by}) and reads no CNI configuration` };
}

/** podman is on many machines as a tool, before a kubelet and its runtime come: its defaults alone say nothing of the node. */
function namesDirs({ confDir, binDirs }: CniDirs): boolean {
  return [confDir, ...binDirs].some(({ line }) => line !== undefined);
}

function othersThan(counting: CniDirs, { containerd, crio }: Node): readonly string[] {
  return [containerd(), crio()].flatMap((other) =>
    other === undefined || other === counting ? [] : [`${other.runtime} (${other.confDir.file ?? "no file"})`],
  );
}

/** The file of containerd's own service, unless it was given another. */
function containerdFile(system: System): string {
  return flagValue(readService(system, "containerd.service").words, "--config", "-c")?.text ?? containerdConfig;
}

/** Undefined without the file, and for a containerd that serves Kubernetes or, as Docker's, does not, otherwise than is asked for. */
function containerdOf(system: System, file: string, isCriDisabled = false): CniDirs | undefined {
  const read = readContainerdDirs(system, file);
  if (read === undefined || read.isCriDisabled !== isCriDisabled) return undefined;
  const { confDir, binDirs } = read;
  return {
    runtime: "containerd",
    confDir: confDir === undefined ? { path: defaultConfDir, file } : cniDir(confDir),
    binDirs: orDefault(binDirs.map(cniDir), file),
  };
}

function withoutFile(runtime: string): CniDirs {
  return { runtime, confDir: { path: defaultConfDir }, binDirs: orDefault([], undefined) };
}

function once<T>(read: () => T): () => T {
  let kept: { readonly value: T } | undefined;
  return () => {
    kept ??= { value: read() };
    return kept.value;
  };
}
