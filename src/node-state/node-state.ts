// What the daemon tells the CNI plugin about this node, in one small JSON file. The plugin reads it for each
// pod, so decoding is by hand: a schema library would cost more than the rest of its start.

import { type PodCIDRs, toPodCIDRs } from "../cidr/pod-cidrs.ts";
import type { Prefix } from "../cidr/prefix.ts";
import { tryParsePrefix } from "../cidr/prefix.ts";
import { isJsonObject, type JsonObject } from "../sys/json.ts";

/** A lasting bad state the daemon reports, in the little the plugin's STATUS needs. */
export interface NodeStateCondition {
  readonly code: string;
  readonly text: string;
  readonly impactsConnectivity: boolean;
}

/** Who said the PodCIDR, so that the daemon's next start can tell an assignment from a guess. */
export interface NodeStateSource {
  /** The level of the chain that answered, e.g. `file`. */
  readonly source: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

export interface NodeState {
  readonly nodeName: string;
  readonly podCIDRs: PodCIDRs;
  readonly mtuBytes: number;
  readonly ipMasq: boolean;
  readonly conditions: readonly NodeStateCondition[];
  /** Undefined in a file that does not say. */
  readonly podCIDRSource: NodeStateSource | undefined;
}

/** The JSON form; `version` is raised only when an older plugin could no longer read it rightly. */
export function encodeNodeState(state: NodeState): JsonObject {
  return {
    version: 1,
    nodeName: state.nodeName,
    podCIDRs: state.podCIDRs.toJSON(),
    podCIDRSource: state.podCIDRSource === undefined ? undefined : { ...state.podCIDRSource },
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
  const prefixes: Prefix[] = [];
  for (const item of Array.isArray(json.podCIDRs) ? json.podCIDRs : []) {
    const prefix = typeof item === "string" ? tryParsePrefix(item) : undefined;
    if (prefix === undefined) return `has a podCIDRs entry that is not a CIDR: ${JSON.stringify(item)}`;
    prefixes.push(prefix);
  }
  if (prefixes.length === 0) return "names no podCIDRs";
  const podCIDRs = toPodCIDRs(prefixes);
  if (podCIDRs.kind === "fault") return podCIDRs.why;
  const { mtu, ipMasq, nodeName } = json;
  if (typeof mtu !== "number" || !Number.isInteger(mtu)) return "has no whole number mtu";
  return {
    nodeName: typeof nodeName === "string" ? nodeName : "",
    podCIDRs: podCIDRs.value,
    mtuBytes: mtu,
    ipMasq: ipMasq === true,
    conditions: decodeConditions(json.conditions),
    podCIDRSource: decodeSource(json.podCIDRSource),
  };
}

function decodeSource(value: unknown): NodeStateSource | undefined {
  if (!isJsonObject(value) || typeof value.source !== "string") return undefined;
  const { source, file, line } = value;
  return {
    source,
    file: typeof file === "string" ? file : undefined,
    line: typeof line === "number" ? line : undefined,
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
