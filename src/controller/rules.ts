// What the controller may approve, from its configuration alone: it runs where no files of a node say what the cluster is. Pure.

import { invalidConfig, issueAt, type LoadedConfig } from "../config/config.ts";
import { type ApprovalRules, defaultBlockBits } from "../headscale/approval/approval-rules.ts";
import type { ConfigError } from "../sys/errors.ts";
import { fault, ok, type Result } from "../sys/result.ts";

const needed = {
  "network.podCIDR.base": "a controller approves blocks of it and nothing else",
  "tailscale.nodeTags": "a controller approves for nodes with one of them and for no others",
  "headscale.url": "a controller asks there",
  "headscale.apiKeyFile": "a controller asks with this key",
} as const;

/** Fault: the configuration does not say what the cluster's PodCIDRs and nodes are, or where Headscale is. */
export function controllerRules(loaded: LoadedConfig): Result<ApprovalRules, ConfigError> {
  const { network, tailscale, headscale } = loaded.config;
  const { base, perNode } = network.podCIDR;
  const { nodeTags } = tailscale;
  const isSet: Readonly<Record<keyof typeof needed, boolean>> = {
    "network.podCIDR.base": base !== undefined,
    "tailscale.nodeTags": nodeTags.length > 0,
    "headscale.url": headscale.url !== undefined,
    "headscale.apiKeyFile": headscale.apiKeyFile !== undefined,
  };
  const issues = Object.entries(needed).flatMap(([key, why]) =>
    isSet[key as keyof typeof needed] ? [] : [issueAt(loaded, key, `is not set; ${why}`)],
  );
  if (issues.length > 0 || base === undefined) return fault(invalidConfig(issues));
  return ok({ clusterCIDRs: base, blockBits: { ...defaultBlockBits, ...perNode }, nodeTags });
}
