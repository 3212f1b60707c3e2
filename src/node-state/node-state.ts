// What the daemon remembers of this node and gives to the CNI plugin: the type and the JSON form of node.json. The plugin reads it for
// each pod, so decoding is by hand: a schema library would cost more than the rest of its start. Pure.

import { type PodCIDRs, toPodCIDRs } from "../cidr/pod-cidrs.ts";
import { type Prefix, tryParsePrefix } from "../cidr/prefix.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../sys/json.ts";
import { fault, ok, type Result } from "../sys/result.ts";
import { type BridgeSettings, decodeBridgeSettings, encodeBridgeSettings } from "./bridge-settings.ts";

/** A lasting bad state the daemon reports, in the little the plugin's STATUS needs. */
export interface NodeStateCondition {
  readonly code: string;
  readonly text: string;
  readonly impactsConnectivity: boolean;
}

/** Where the PodCIDR comes from, so that the daemon's next start can tell an assignment from a guess. */
export interface NodeStateSource {
  /** The level of the chain that answered, e.g. `file`. */
  readonly source: string;
  readonly file: string | undefined;
  readonly line: number | undefined;
}

export interface NodeState {
  readonly nodeName: string;
  readonly podCIDRs: PodCIDRs;
  /** Undefined in a file that does not say. */
  readonly podCIDRSource: NodeStateSource | undefined;
  readonly bridge: BridgeSettings;
  readonly conditions: readonly NodeStateCondition[];
}

/** The JSON form; `version` is raised only when an older plugin could no longer read it rightly. */
export function encodeNodeState({ nodeName, podCIDRs, podCIDRSource, bridge, conditions }: NodeState): JsonObject {
  return {
    version: 1,
    nodeName,
    podCIDRs: podCIDRs.toJSON(),
    podCIDRSource: podCIDRSource === undefined ? undefined : { ...podCIDRSource },
    ...encodeBridgeSettings(bridge),
    conditions: conditions.map(({ code, text, impactsConnectivity }) => ({ code, text, impactsConnectivity })),
  };
}

/** The state in a file's text, or one sentence's end saying why it is not one. Unknown keys are passed over. */
export function decodeNodeState(text: string): Result<NodeState> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return fault("is not JSON");
  }
  if (!isJsonObject(json)) return fault("is not a JSON object");
  if (json.version !== 1) return fault(`has version ${JSON.stringify(json.version)}, this plugin reads version 1`);
  const podCIDRs = decodePodCIDRs(json.podCIDRs);
  if (podCIDRs.kind === "fault") return podCIDRs;
  const bridge = decodeBridgeSettings(json);
  if (bridge.kind === "fault") return bridge;
  return ok({
    nodeName: typeof json.nodeName === "string" ? json.nodeName : "",
    podCIDRs: podCIDRs.value,
    podCIDRSource: decodeSource(json.podCIDRSource),
    bridge: bridge.value,
    conditions: decodeConditions(json.conditions),
  });
}

function decodePodCIDRs(value: JsonValue | undefined): Result<PodCIDRs> {
  const items: readonly JsonValue[] = Array.isArray(value) ? value : [];
  if (items.length === 0) return fault("names no podCIDRs");
  const prefixes: Prefix[] = [];
  for (const item of items) {
    const prefix = typeof item === "string" ? tryParsePrefix(item) : undefined;
    if (prefix === undefined) return fault(`has a podCIDRs entry that is not a CIDR: ${JSON.stringify(item)}`);
    prefixes.push(prefix);
  }
  return toPodCIDRs(prefixes);
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
