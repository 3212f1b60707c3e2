// What the chain would refuse or question in a configuration: for checking a file before a daemon does.

import type { PodCIDRs } from "../../cidr/pod-cidrs.ts";
import { issueAt, type LoadedConfig, nodeLocalKey } from "../../config/config.ts";
import type { ConfigIssue } from "../../sys/errors.ts";
import type { System } from "../../sys/system.ts";
import type { NodeFacts } from "../chain.ts";
import { baseFaults, clusterDoubts } from "../guess/fallback.ts";
import { type ChainReading, readChain, validatorOf } from "../read-chain.ts";
import type { Effect } from "../validation/reasons.ts";
import { ofEffect, sentencesOf } from "../validation/sentences.ts";
import { nothingAround } from "../validation/surroundings.ts";
import { createValidator, type Validator } from "../validation/validator.ts";

export interface ConfigVerdict {
  /** What ends the daemon of some node that has the configuration, or of this one where nothing is in force. */
  readonly faults: readonly ConfigIssue[];
  /** What would be a condition. */
  readonly doubts: readonly ConfigIssue[];
}

export interface FindConfigFaultsOptions {
  readonly config: LoadedConfig;
  /** Undefined when the machine's name is none that a node can have. */
  readonly nodeName: string | undefined;
  readonly node: NodeFacts;
}

/** Holds the configuration against what this machine's files say of the cluster, and this node's part of it against its networks. */
export function findConfigFaults(system: System, { config, nodeName, node }: FindConfigFaultsOptions): ConfigVerdict {
  // What files say of the cluster is the same for every node's name.
  const reading = readChain(system, { nodeName: nodeName ?? "any", config });
  const { facts } = reading;
  const clusterCIDRs = facts.cluster.map(({ prefix }) => prefix);
  const anywhere = createValidator({ ...nothingAround, serviceCIDRs: facts.serviceCIDRs, clusterCIDRs });
  const far = refusals(reading, anywhere, entriesOf(config));
  const here = validatorOf(nodeName === undefined ? { ...reading, otherNodes: [] } : reading, node.networks);
  const own = entriesOf(config).filter(
    ([path]) => path === nodeLocalKey || (nodeName !== undefined && path === `${nodeLocalKey}.${nodeName}`),
  );
  const near = unlike(refusals(reading, here, own), far);
  const doubts = [
    ...issuesOf(config, here, { entries: own, effect: "questioned" }),
    ...clusterDoubts(facts, here)
      .filter(({ range }) => range.isConfigured)
      .map(({ range, sentence }) => issueAt(config, range.by, sentence)),
  ];
  const isFresh = node.current === undefined;
  return { faults: isFresh ? [...far, ...near] : far, doubts: isFresh ? doubts : [...near, ...doubts] };
}

type Entry = readonly [path: string, podCIDRs: PodCIDRs];

function entriesOf({ config }: LoadedConfig): readonly Entry[] {
  const { nodeLocal } = config.network.podCIDR;
  if (nodeLocal === undefined) return [];
  if (nodeLocal.kind === "any") return [[nodeLocalKey, nodeLocal.podCIDRs]];
  return [...nodeLocal.podCIDRs].map(([node, podCIDRs]) => [`${nodeLocalKey}.${node}`, podCIDRs]);
}

function refusals(
  { config, facts }: ChainReading,
  validator: Validator,
  entries: readonly Entry[],
): readonly ConfigIssue[] {
  // With one value for every node, level 4 is never asked.
  const isAsked = config.config.network.podCIDR.nodeLocal?.kind !== "any";
  return [
    ...issuesOf(config, validator, { entries, effect: "refused" }),
    ...(isAsked ? baseFaults(config, facts, validator) : []),
  ];
}

function issuesOf(
  config: LoadedConfig,
  validator: Validator,
  { entries, effect }: { readonly entries: readonly Entry[]; readonly effect: Effect },
): readonly ConfigIssue[] {
  return entries.flatMap(([path, podCIDRs]) => {
    const isForEveryNode = path === nodeLocalKey;
    const verdicts = podCIDRs.list.flatMap((range) =>
      validator.verdictsOn({ range, by: "operator" }, { isForEveryNode }),
    );
    return sentencesOf(ofEffect(verdicts, effect)).map((sentence) => issueAt(config, path, sentence));
  });
}

/** Without those at a place where there is one already. */
function unlike(issues: readonly ConfigIssue[], known: readonly ConfigIssue[]): readonly ConfigIssue[] {
  return issues.filter(({ path }) => !known.some((other) => other.path === path));
}
