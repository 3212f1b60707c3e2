// Everything the chain reads of the node's disk and environment, before anything is decided: sources, what they say of this node, of the
// cluster and of other nodes.

import type { LoadedConfig } from "../config/config.ts";
import type { Networks } from "../kernel/networks.ts";
import { readNodePrograms } from "../programs/node-programs.ts";
import type { System } from "../sys/system.ts";
import type { TakenRange } from "../tailnet/claims-view.ts";
import type { ClassifiedFile } from "./classify.ts";
import { type ClusterFacts, classifySources, clusterFacts, describeSource, nodesInFiles } from "./cluster-facts.ts";
import { cniNetworks } from "./cni-networks.ts";
import { configValue, envValue, type OperatorValue } from "./operator/operator.ts";
import { readSources, type Source } from "./read-sources.ts";
import { sourceFiles } from "./sources.ts";
import { nodesInConfig } from "./validation/other-nodes.ts";
import { ownNetworks } from "./validation/own-networks.ts";
import type { OtherNode } from "./validation/surroundings.ts";
import { createValidator, type Validator } from "./validation/validator.ts";

export interface PodCIDRQuery {
  /** As `resolveNodeName` gives it. */
  readonly nodeName: string;
  readonly config: LoadedConfig;
}

export interface ChainReading extends PodCIDRQuery {
  readonly operator: Readonly<Record<"config" | "env", OperatorValue>>;
  readonly sources: readonly Source[];
  readonly files: readonly ClassifiedFile[];
  readonly facts: ClusterFacts;
  readonly otherNodes: readonly OtherNode[];
}

export function readChain(system: System, { nodeName, config }: PodCIDRQuery): ChainReading {
  const sources = readSources(
    system,
    sourceFiles(nodeName, config.config.cni.confDir, readNodePrograms(system)),
    nodeName,
  );
  const files = classifySources(config, sources);
  return {
    nodeName,
    config,
    operator: { config: configValue(config, nodeName), env: envValue(system) },
    sources,
    files,
    facts: clusterFacts(system, config, files),
    otherNodes: [...nodesInConfig(config, nodeName), ...nodesInFiles(sources, nodeName)],
  };
}

/** The judgement for this node. */
export function validatorOf(
  { sources, files, facts, otherNodes }: ChainReading,
  networks: Networks,
  taken: readonly TakenRange[] = [],
): Validator {
  const { foreign, podDevices } = cniNetworks(sources);
  return createValidator({
    ownNetworks: ownNetworks(networks, {
      podDevices,
      nodeRanges: files.flatMap(({ nodeCIDRs }) => nodeCIDRs),
    }),
    serviceCIDRs: facts.serviceCIDRs,
    clusterCIDRs: facts.cluster.map(({ prefix }) => prefix),
    saidClusters: facts.cluster
      .filter(({ isDefault }) => !isDefault)
      .map((said) => ({ range: said.prefix, by: describeSource(said) })),
    foreign,
    otherNodes,
    taken,
  });
}
