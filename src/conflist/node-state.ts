// What the daemon tells the CNI plugin about this node, in one small JSON file. The plugin reads it for each
// pod, so decoding is by hand: a schema library would cost more than the rest of its start.

import type { Prefix } from "../cidr/prefix.ts";
import { tryParsePrefix } from "../cidr/prefix.ts";
import { isJsonObject, type JsonObject } from "./json.ts";

/** A lasting bad state the daemon reports, in the little the plugin's STATUS needs. */
export interface NodeStateCondition {
  readonly code: string;
  readonly text: string;
  readonly impactsConnectivity: boolean;
}

export interface NodeState {
  readonly nodeName: string;
  /** The node's PodCIDRs: never empty, at most one of a family. */
  readonly podCIDRs: readonly Prefix[];
  readonly mtuBytes: number;
  readonly ipMasq: boolean;
  readonly conditions: readonly NodeStateCondition[];
}

/** The JSON form; `version` is raised only when an older plugin could no longer read it rightly. */
export function encodeNodeState(state: NodeState): JsonObject {
  return {
    version: 1,
    nodeName: state.nodeName,
    podCIDRs: state.podCIDRs.map(String),
    mtu: state.mtuBytes,
    ipMasq: state.ipMasq,
    conditions: state.conditions.map(({ code, text, impactsConnectivity }) => ({ code, text, impactsConnectivity })),
  };
}

/** The state in a file's text, or one sentence's end saying why it is not one. Unknown keys are passed over. */
export function decodeNodeState(text: string): NodeState | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return "is not JSON";
  }
  if (!isJsonObject(json)) return "is not a JSON object";
  if (json.version !== 1) return `has version ${JSON.stringify(json.version)}, this plugin reads version 1`;
  const podCIDRs: Prefix[] = [];
  for (const item of Array.isArray(json.podCIDRs) ? json.podCIDRs : []) {
    const prefix = typeof item === "string" ? tryParsePrefix(item) : undefined;
    if (prefix === undefined) return `has a podCIDRs entry that is not a CIDR: ${JSON.stringify(item)}`;
    podCIDRs.push(prefix);
  }
  if (podCIDRs.length === 0) return "names no podCIDRs";
  const { mtu, ipMasq, nodeName } = json;
  if (typeof mtu !== "number" || !Number.isInteger(mtu)) return "has no whole number mtu";
  return {
    nodeName: typeof nodeName === "string" ? nodeName : "",
    podCIDRs,
    mtuBytes: mtu,
    ipMasq: ipMasq === true,
    conditions: decodeConditions(json.conditions),
  };
}

function decodeConditions(value: unknown): NodeStateCondition[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isJsonObject).map((item) => ({
    code: String(item.code ?? ""),
    text: String(item.text ?? ""),
    impactsConnectivity: item.impactsConnectivity === true,
  }));
}
