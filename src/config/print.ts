// A configuration as it would be written in YAML: the inverse of the schema, for showing values whole and defaulted. Pure.

import type { Family } from "../cidr/addr.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { encodeBridgeSettings } from "../node-state/bridge-settings.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../sys/json.ts";
import type { Config, NodeLocal } from "./config.ts";

/** The keys and values that read back as `config`. What is unset is left out. */
export function toInput({ nodeName, network, cni, logging, monitoring }: Config): JsonObject {
  const { nodeLocal, base, perNode } = network.podCIDR;
  const { delegateTimeoutMs, ...otherCni } = cni;
  // What `masquerade` says already.
  const { ipMasq: _, ...bridge } = encodeBridgeSettings(network.bridge);
  return {
    nodeName,
    network: {
      podCIDR: {
        nodeLocal: nodeLocal === undefined ? undefined : printNodeLocal(nodeLocal),
        base: base === undefined ? undefined : printCidrs(base),
        perNode: printPerNode(perNode),
      },
      serviceCIDR: printCidrs(network.serviceCIDR),
      ...bridge,
      masquerade: network.masquerade,
    },
    cni: { ...otherCni, delegateTimeout: printDuration(delegateTimeoutMs) },
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
  if (nodeLocal.kind === "any") return printCidrs(nodeLocal.podCIDRs);
  return Object.fromEntries([...nodeLocal.podCIDRs].map(([node, prefixes]) => [node, printCidrs(prefixes)]));
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
