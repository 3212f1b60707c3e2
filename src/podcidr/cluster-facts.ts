// What is known of the cluster as a whole: its pod range, its service range, the size of a node's block. From the
// configuration, else from every local file together, because no single file has to say all of it.

import type { Family } from "../cidr/addr.ts";
import { type Prefix, parsePrefix } from "../cidr/prefix.ts";
import { type LoadedConfig, placeOf } from "../config/config.ts";
import type { System } from "../sys/system.ts";
import { type ClassifiedFile, classify } from "./classify.ts";
import type { OtherNode } from "./judgement/surroundings.ts";
import type { Source } from "./read-sources.ts";

/** A cluster range and where it is said. */
export interface ClusterRange {
  readonly prefix: Prefix;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** Whether the operator wrote it: then a range that cannot be used is an error. */
  readonly isConfigured: boolean;
  /** In words: `network.podCIDR.base`, `--cluster-cidr`, `k3s' default`. */
  readonly by: string;
}

/** Where a cluster range is said: `--cluster-cidr in /etc/x.yaml:3`. */
export function describeSource({ by, file, line }: Omit<ClusterRange, "prefix">): string {
  return `${by}${file === undefined ? "" : ` in ${file}${line === undefined ? "" : `:${line}`}`}`;
}

export interface ClusterFacts {
  /** At most one of a family, IPv4 first. */
  readonly cluster: readonly ClusterRange[];
  readonly serviceCIDRs: readonly Prefix[];
  /** Length of a node's block as the files say it. */
  readonly nodeMask: Readonly<Partial<Record<Family, number>>>;
  readonly warnings: readonly string[];
}

const k3sClusterCIDR = parsePrefix("10.42.0.0/16");
const k3sServiceCIDR = parsePrefix("10.43.0.0/16");
const k3sPaths = [
  "/etc/rancher/k3s/config.yaml",
  "/etc/rancher/k3s/k3s.yaml",
  "/var/lib/rancher/k3s/agent",
  "/etc/rancher/rke2/config.yaml",
  "/var/lib/rancher/rke2/agent",
] as const;
const kubeadmPaths = ["/etc/kubernetes/manifests/kube-apiserver.yaml", "/etc/kubernetes/kubelet.conf"] as const;

/** Classifies every file that was read, given what all of them and the configuration say of the cluster. */
export function classifySources(loaded: LoadedConfig, sources: readonly Source[]): readonly ClassifiedFile[] {
  const { podCIDR, serviceCIDR } = loaded.config.network;
  const read = sources.flatMap((source) => (source.kind === "read" ? [{ file: source.file, ...source.reading }] : []));
  // First without the nodes' ranges, because what those mean depends on the rest.
  const plain = read.map(({ statements }) => classify(statements.withoutNodes()));
  const known = {
    clusterCIDRs: podCIDR.base?.list ?? plain.flatMap(({ clusterCIDRs }) => clusterCIDRs),
    serviceCIDRs: serviceCIDR.length > 0 ? serviceCIDR : plain.flatMap(({ serviceCIDRs }) => serviceCIDRs),
    isForNode: true,
  };
  return read.map(({ file, kind, statements }) => ({ file, kind, ...classify(statements, known) }));
}

/** Nodes other than this one whose objects lie in files, with their ranges. */
export function nodesInFiles(sources: readonly Source[]): readonly OtherNode[] {
  return sources.flatMap((source) =>
    source.kind !== "read"
      ? []
      : source.reading.otherNodes.map(({ name = "", line, statements }) => ({
          name,
          ranges: classify(statements).nodeCIDRs,
          by: `the Node object in ${source.file}:${line}`,
        })),
  );
}

/** Puts together what the configuration and the files say; of several that disagree the first in order counts. */
export function clusterFacts(system: System, loaded: LoadedConfig, files: readonly ClassifiedFile[]): ClusterFacts {
  const { podCIDR, serviceCIDR } = loaded.config.network;
  const nodeMask: Partial<Record<Family, number>> = {};
  // The first in order wins, so it is put in last.
  for (const file of files.toReversed()) Object.assign(nodeMask, file.nodeMask);
  const warnings: string[] = [];
  const fromFiles = (): readonly ClusterRange[] => {
    const ranges = oneOfEachFamily(files.flatMap(rangesOf), warnings);
    // Where a file says a range that is refused, k3s does not run with its default.
    const isRefused = files.some(({ refused }) => refused.includes("cluster"));
    return ranges.length === 0 && runsK3s(system) && !isRefused ? [k3sDefault] : ranges;
  };
  const cluster = podCIDR.base === undefined ? fromFiles() : configuredRanges(loaded, podCIDR.base.list);
  const serviceCIDRs = serviceCIDR.length > 0 ? serviceCIDR : unique(files.flatMap((file) => file.serviceCIDRs));
  const isK3sDefault = cluster.includes(k3sDefault);
  return {
    cluster,
    serviceCIDRs: isK3sDefault && serviceCIDRs.length === 0 ? [k3sServiceCIDR] : serviceCIDRs,
    nodeMask,
    warnings,
  };
}

const k3sDefault: ClusterRange = {
  prefix: k3sClusterCIDR,
  file: undefined,
  line: undefined,
  isConfigured: false,
  by: "k3s' own default",
};

function configuredRanges(loaded: LoadedConfig, base: readonly Prefix[]): readonly ClusterRange[] {
  const { file, line } = placeOf(loaded, "network.podCIDR.base");
  return base
    .toSorted((a, b) => a.compare(b))
    .map((prefix) => ({
      prefix: prefix.masked(),
      file,
      line,
      isConfigured: true,
      by: "network.podCIDR.base",
    }));
}

function rangesOf({ file, clusterCIDRs, findings }: ClassifiedFile): readonly ClusterRange[] {
  return clusterCIDRs.map((prefix) => {
    const finding = findings.find(({ meaning, value }) => meaning === "cluster" && value === prefix.toString());
    return { prefix, file, line: finding?.line, isConfigured: false, by: finding?.key ?? "" };
  });
}

function oneOfEachFamily(ranges: readonly ClusterRange[], warnings: string[]): readonly ClusterRange[] {
  const chosen: ClusterRange[] = [];
  for (const range of ranges) {
    const first = chosen.find(({ prefix }) => prefix.family === range.prefix.family);
    if (first === undefined) chosen.push(range);
    else if (!first.prefix.equals(range.prefix)) {
      warnings.push(
        `${range.file}:${range.line}: ${range.by} says the cluster CIDR is ${range.prefix}, ${first.file}:${first.line} says ${first.prefix}, which counts`,
      );
    }
  }
  return chosen.sort((a, b) => a.prefix.compare(b.prefix));
}

/** Whether k3s or RKE2 is what runs the node: its files are there, kubeadm's are not. */
function runsK3s(system: System): boolean {
  const exists = (path: string): boolean => {
    try {
      return system.files.stat(path) !== undefined;
    } catch {
      // Not to be looked at is not to be there: this only feeds a guess.
      return false;
    }
  };
  return k3sPaths.some(exists) && !kubeadmPaths.some(exists);
}

function unique(prefixes: readonly Prefix[]): readonly Prefix[] {
  return prefixes.filter((prefix, index) => prefixes.findIndex((other) => other.equals(prefix)) === index);
}
