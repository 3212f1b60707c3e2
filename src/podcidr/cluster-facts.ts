// What is known of the cluster as a whole: its pod range, its service range, the size of a node's block. From the
// configuration, else from every local file together, because no single file has to say all of it.

import type { Family } from "../cidr/addr.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { type LoadedConfig, placeOf } from "../config/config.ts";
import { readNodePrograms } from "../programs/node-programs.ts";
import { describePlace } from "../programs/word.ts";
import type { System } from "../sys/system.ts";
import { type ClassifiedFile, classify, type Warning } from "./classify.ts";
import type { Removed } from "./program-flags/overridden.ts";
import { rancherDefault } from "./program-flags/rancher-default.ts";
import type { Source } from "./read-sources.ts";
import { showable } from "./usable.ts";
import { isShortFormOf } from "./validation/other-nodes.ts";
import type { OtherNode } from "./validation/surroundings.ts";

/** A cluster range and where it is said. */
export interface ClusterRange {
  readonly prefix: Prefix;
  readonly file: string | undefined;
  readonly line: number | undefined;
  /** Whether the operator wrote it: then a range that cannot be used is an error. */
  readonly isConfigured: boolean;
  /** Whether nothing says it: it is what the program that runs the node gives a cluster. */
  readonly isDefault: boolean;
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

/** Classifies every file that was read, given what all of them and the configuration say of the cluster. */
export function classifySources(loaded: LoadedConfig, sources: readonly Source[]): readonly ClassifiedFile[] {
  const { podCIDR, serviceCIDR } = loaded.config.network;
  const read = sources.flatMap((source) => {
    if (source.kind !== "read") return [];
    const { file, reading } = source;
    return [{ file, ...reading, overridden: source.overridden.map(describeRemoved) }];
  });
  // First without the nodes' ranges, because what those mean depends on the rest.
  const plain = read.map(({ statements }) => classify(statements.withoutNodes()));
  const known = {
    clusterCIDRs: podCIDR.base?.list ?? plain.flatMap(({ clusterCIDRs }) => clusterCIDRs),
    serviceCIDRs: serviceCIDR.length > 0 ? serviceCIDR : plain.flatMap(({ serviceCIDRs }) => serviceCIDRs),
    isForNode: true,
  };
  return read.map(({ file, kind, statements, overridden }) => ({
    file,
    kind,
    overridden,
    ...classify(statements, known),
  }));
}

/** Nodes other than this one whose objects lie in files, with their ranges. */
export function nodesInFiles(sources: readonly Source[], nodeName: string): readonly OtherNode[] {
  return sources.flatMap((source) =>
    source.kind !== "read"
      ? []
      : source.reading.otherNodes.map(({ name = "", line, statements }) => ({
          name,
          ranges: classify(statements).nodeCIDRs,
          by: `the Node object in ${source.file}:${line}`,
          isPerhapsThis: isShortFormOf(name.toLowerCase(), nodeName),
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
  const said =
    podCIDR.base === undefined
      ? oneOfEachFamily(files.flatMap(rangesOf), warnings)
      : configuredRanges(loaded, podCIDR.base.list);
  const serviceCIDRs = serviceCIDR.length > 0 ? serviceCIDR : unique(files.flatMap((file) => file.serviceCIDRs));
  // Where a file says a range that is refused, k3s does not run with its default.
  const isSaid = said.length > 0 || files.some(({ refused }) => refused.includes("cluster"));
  const usual = isSaid ? noDefault : rancherDefault(system, readNodePrograms(system));
  if (usual.kind === "unknown") warnings.push(usual.why);
  if (usual.kind !== "default") return { cluster: said, serviceCIDRs, nodeMask, warnings };
  const { cluster: prefix, service, by } = usual;
  return {
    cluster: [{ prefix, by, file: undefined, line: undefined, isConfigured: false, isDefault: true }],
    serviceCIDRs: serviceCIDRs.length === 0 ? [service] : serviceCIDRs,
    nodeMask,
    warnings,
  };
}

const noDefault = { kind: "none" } as const;

/** Only what looks like an address is shown. */
function describeRemoved({ line, value, key, by }: Removed): Warning {
  return { line, value: showable(value), reason: `${key} does not count: ${describePlace(by)} takes its place` };
}

function configuredRanges(loaded: LoadedConfig, base: readonly Prefix[]): readonly ClusterRange[] {
  const { file, line } = placeOf(loaded, "network.podCIDR.base");
  return base
    .toSorted((a, b) => a.compare(b))
    .map((prefix) => ({
      prefix: prefix.masked(),
      file,
      line,
      isConfigured: true,
      isDefault: false,
      by: "network.podCIDR.base",
    }));
}

function rangesOf({ file, clusterCIDRs, findings }: ClassifiedFile): readonly ClusterRange[] {
  return clusterCIDRs.map((prefix) => {
    const finding = findings.find(({ meaning, value }) => meaning === "cluster" && value === prefix.toString());
    const { key = "", line, insteadOf } = finding ?? {};
    const by = insteadOf === undefined ? key : `${key} (in place of ${insteadOf.join(", ")})`;
    return { prefix, file, line, isConfigured: false, isDefault: false, by };
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

function unique(prefixes: readonly Prefix[]): readonly Prefix[] {
  return prefixes.filter((prefix, index) => prefixes.findIndex((other) => other.equals(prefix)) === index);
}
