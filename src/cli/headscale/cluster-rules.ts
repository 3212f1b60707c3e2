// What the cluster's PodCIDRs are, for a command that may run on a node or on Headscale's machine: flags, the configuration, and what the
// files of a node say.

import { firstOfEachFamily, type PodCIDRs } from "../../cidr/pod-cidrs.ts";
import type { LoadedConfig } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { readPodCIDRs, readTags } from "../../config/values.ts";
import { type ApprovalRules, defaultBlockBits } from "../../headscale/approval/approval-rules.ts";
import { HeadcniError } from "../../sys/errors.ts";
import type { Result } from "../../sys/result.ts";
import type { System } from "../../sys/system.ts";
import type { CliContext } from "../context.ts";
import { issueLine } from "../exit.ts";

export interface ClusterFlags {
  readonly clusterCidr?: string;
  readonly nodeTags?: string;
  readonly config?: string;
  readonly root?: string;
}

export interface Cluster {
  readonly system: System;
  readonly loaded: LoadedConfig;
  readonly rules: ApprovalRules;
}

/** @throws HeadcniError HC_USAGE for a flag that cannot be read, and when nothing says the cluster's CIDR; ConfigError */
export async function readCluster(context: CliContext, flags: ClusterFlags): Promise<Cluster> {
  const system = context.system(flags.root);
  const loaded = await loadConfig(system, { path: flags.config });
  for (const warning of loaded.warnings) context.warn(`warning: ${issueLine(warning)}\n`);
  const { config } = loaded;
  const written = readFlag("--cluster-cidr", flags.clusterCidr, readPodCIDRs) ?? config.network.podCIDR.base;
  const clusterCIDRs = written ?? (await inFiles(system, loaded));
  if (clusterCIDRs === undefined) {
    throw new HeadcniError("HC_USAGE", "Cannot tell which routes are PodCIDRs: nothing says the cluster's CIDR", {
      hint: "give it with --cluster-cidr, or write network.podCIDR.base",
    });
  }
  const nodeTags = readFlag("--node-tags", flags.nodeTags, readTags) ?? config.tailscale.nodeTags;
  const blockBits = { ...defaultBlockBits, ...config.network.podCIDR.perNode };
  return { system, loaded, rules: { clusterCIDRs, blockBits, nodeTags } };
}

/** What the files of a node say of its cluster. */
async function inFiles(system: System, loaded: LoadedConfig): Promise<PodCIDRs | undefined> {
  const { readChain } = await import("../../podcidr/read-chain.ts");
  const { facts } = readChain(system, { nodeName: loaded.config.nodeName ?? "", config: loaded });
  return firstOfEachFamily(facts.cluster.map(({ prefix }) => prefix));
}

function readFlag<T>(flag: string, text: string | undefined, read: (value: string) => Result<T>): T | undefined {
  if (text === undefined) return undefined;
  const value = read(text);
  if (value.kind === "ok") return value.value;
  throw new HeadcniError("HC_USAGE", `Cannot use ${flag}: it ${value.why}`);
}
