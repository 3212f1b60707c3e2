// The answer of `headcni config explain`: each value as it would be written in YAML (the inverse of the schema), and where it
// came from. Pure.

import type { Family } from "../cidr/addr.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { encodeBridgeSettings } from "../node-state/bridge-settings.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../sys/json.ts";
import { redactValue } from "../sys/redact.ts";
import type { Config, ConfigOrigin, LoadedConfig, NodeLocal } from "./config.ts";
import { configKeys } from "./keys.ts";

/** Origin of a value that is not configured: it was detected on the node, or is the default of a key that is looked for there. */
export interface Detection {
  readonly source: "node" | "default";
  /** A phrase: `/etc/containerd/config.toml:7`, `found on this node`, `default (no runtime's configuration found)`. */
  readonly by: string;
  readonly file?: string | undefined;
  readonly line?: number | undefined;
}

type Origin = ConfigOrigin | Detection | undefined;

interface ExplainedKey {
  readonly key: string;
  /** As it would be written, without what looks like a secret; undefined when it is unset and has no default. */
  readonly value: JsonValue | undefined;
  /** Undefined for the default. */
  readonly origin: Origin;
}

/**
 * Every key, in the order of the schema.
 * @param detected origins of values that were detected on this node, by key
 */
export function explainConfig(
  { config, origins }: LoadedConfig,
  detected: ReadonlyMap<string, Detection> = new Map(),
): readonly ExplainedKey[] {
  const input = toInput(config);
  return configKeys.map(({ key, path }) => {
    const value = valueAt(input, path);
    const isEmpty = value === "" || (Array.isArray(value) && value.length === 0);
    // What is chained or misspelt may hold a secret.
    const shown = isEmpty || value === undefined ? undefined : redactValue(value);
    return { key, value: shown, origin: origins.get(key) ?? detected.get(key) };
  });
}

/** `file:line`, `env NAME`, `flag --name`, the detection's phrase, or `default`. */
export function describeOrigin(origin: Origin): string {
  switch (origin?.source) {
    case undefined:
      return "default";
    case "file":
      return `${origin.file}:${origin.line}`;
    case "env":
      return `env ${origin.variable}`;
    case "flag":
      return `flag ${origin.flag}`;
    case "node":
    case "default":
      return origin.by;
  }
}

/** For `-o json`: one object a key with `source` and its place. `notes` are sentences on what was detected. */
export function explainAsJson(
  loaded: LoadedConfig,
  {
    detected,
    notes = [],
  }: { readonly detected?: ReadonlyMap<string, Detection>; readonly notes?: readonly string[] } = {},
): JsonObject {
  return {
    file: loaded.file ?? null,
    values: explainConfig(loaded, detected).map(({ key, value, origin }) => {
      return { key, value: value ?? null, ...(origin ?? { source: "default" }) };
    }),
    warnings: loaded.warnings.map((warning): JsonObject => ({ ...warning })),
    notes,
  };
}

/** The keys and values that read back as `config`. What is unset is left out. */
export function toInput({
  nodeName,
  network,
  cni,
  tailscale,
  headscale,
  mesh,
  logging,
  monitoring,
}: Config): JsonObject {
  const { nodeLocal, base, perNode, nodeObject, claim } = network.podCIDR;
  const { delegateTimeoutMs, ...otherCni } = cni;
  const { pollIntervalMs, reclaimAfterMs, ...otherHeadscale } = headscale;
  // `masquerade` sets it.
  const { ipMasq: _, ...bridge } = encodeBridgeSettings(network.bridge);
  return {
    nodeName,
    network: {
      podCIDR: {
        nodeLocal: nodeLocal === undefined ? undefined : printNodeLocal(nodeLocal),
        base: base === undefined ? undefined : printCidrs(base.list),
        perNode: printPerNode(perNode),
        nodeObject: { ...nodeObject },
        claim: { timeout: `${claim.timeoutMs}ms`, settle: `${claim.settleMs}ms` },
      },
      serviceCIDR: printCidrs(network.serviceCIDR),
      ...bridge,
      masquerade: network.masquerade,
    },
    cni: { ...otherCni, delegateTimeout: printDuration(delegateTimeoutMs) },
    tailscale: { ...tailscale, login: { ...tailscale.login } },
    headscale: {
      ...otherHeadscale,
      pollInterval: printDuration(pollIntervalMs),
      reclaimAfter: reclaimAfterMs === undefined ? "" : printDuration(reclaimAfterMs),
    },
    mesh,
    logging,
    monitoring,
  };
}

/** The value at a key path of what `toInput` gave. */
export function valueAt(input: JsonObject, path: readonly string[]): JsonValue | undefined {
  let value: JsonValue | undefined = input;
  for (const name of path) value = isJsonObject(value) ? value[name] : undefined;
  return value;
}

function printCidrs(prefixes: readonly Prefix[]): string {
  return prefixes.join(",");
}

function printNodeLocal(nodeLocal: NodeLocal): JsonValue {
  if (nodeLocal.kind === "any") return printCidrs(nodeLocal.podCIDRs.list);
  return Object.fromEntries([...nodeLocal.podCIDRs].map(([node, podCIDRs]) => [node, printCidrs(podCIDRs.list)]));
}

function printPerNode(perNode: Readonly<Partial<Record<Family, number>>>): JsonValue {
  const { ipv4, ipv6 } = perNode;
  if (ipv4 !== undefined && ipv6 !== undefined) return { ipv4, ipv6 };
  // A length of 32 or less alone would read back as IPv4's.
  if (ipv6 !== undefined && ipv6 <= 32) return { ipv6 };
  const length = ipv4 ?? ipv6;
  return length === undefined ? "" : `/${length}`;
}

function printDuration(ms: number): string {
  return ms % 1000 === 0 ? `${ms / 1000}s` : `${ms}ms`;
}
