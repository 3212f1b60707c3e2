// From the plugin's configuration and the node's state to the configuration of the plugin that does the work. Pure.
// The rule: what the operator wrote under `delegate` wins, key by key; what is left open is what HeadCNI would have put into the
// conflist itself.

import { bridgeKeys, defaultBridgeSettings, hostLocalIpam } from "../../node-state/bridge-settings.ts";
import type { NodeState } from "../../node-state/node-state.ts";
import { isJsonObject, type JsonObject, type JsonValue } from "../../sys/json.ts";
import type { NetworkConfig } from "../network-config.ts";

/** Keys of a call, not of a network. These two a DEL may lack though its ADD had them, so they are saved with the rest. */
const savedCallKeys = ["runtimeConfig", "args"] as const;
const callKeys = [...savedCallKeys, "prevResult", "cni.dev/valid-attachments", "cni.dev/attachments"] as const;
/** Keys of the network that a delegate understands as the runtime wrote them for us. */
const networkKeys = ["capabilities", "dns"] as const;

/** Keys of the bridge's own configuration that also make sense for others; any other type gets addresses only. */
const sharedKeys: Readonly<Record<string, readonly string[]>> = {
  ptp: ["ipMasq", "mtu"],
  macvlan: ["mtu"],
  ipvlan: ["mtu"],
  vlan: ["mtu"],
};

/**
 * host-local frees by container whatever the range, but insists on having one. This is of RFC 5737's documentation addresses, so
 * nothing is ever handed out of it.
 */
const standInIpam = { type: "host-local", subnet: "192.0.2.0/24" } as const;

/** The delegate's configuration, or `needs-subnet` when only the node's state could say where addresses come from. */
export type RenderedDelegate =
  | { readonly kind: "config"; readonly config: JsonObject }
  | { readonly kind: "needs-subnet" };

/** Renders the delegate's configuration as it is saved. @param state undefined when the daemon said nothing */
export function renderDelegate(config: NetworkConfig, state: NodeState | undefined): RenderedDelegate {
  const type = delegateType(config);
  const ipam = mergeIpam(config, state);
  if (ipam === undefined) return { kind: "needs-subnet" };
  return {
    kind: "config",
    config: assemble(config, { ...derived(type, config.delegate, state), ...config.delegate, type, ipam }),
  };
}

/** As `renderDelegate` for a DEL that has no subnet: enough to take down and free whatever the ADD made. */
export function renderDelegateForDel(config: NetworkConfig, state: NodeState | undefined): JsonObject {
  const rendered = renderDelegate(config, state);
  if (rendered.kind === "config") return rendered.config;
  const type = delegateType(config);
  const ipam = { ...standInIpam, ...givenIpam(config) };
  return assemble(config, { ...derived(type, config.delegate, undefined), ...config.delegate, type, ipam });
}

/** `saved` (or just rendered) with the keys of the call at hand and the version the delegate is to be asked in. */
export function withCall(saved: JsonObject, call: JsonObject, cniVersion: string): JsonObject {
  return { ...saved, ...pick(call, callKeys), cniVersion };
}

/** The names of the programs a delegate configuration runs: the delegate and its IPAM. */
export function delegatePrograms(delegate: JsonObject): readonly string[] {
  const ipamType = isJsonObject(delegate.ipam) ? delegate.ipam.type : undefined;
  return [delegate.type, ipamType].filter((type) => typeof type === "string" && type !== "") as string[];
}

/** The plugin the work is handed to. */
export function delegateType(config: NetworkConfig): string {
  return typeof config.delegate.type === "string" ? config.delegate.type : "bridge";
}

function assemble({ name, json }: NetworkConfig, delegate: JsonObject): JsonObject {
  // The delegate's own keys win even here, all but the network's name: addresses are kept under it.
  return { ...pick(json, networkKeys), ...delegate, ...pick(json, savedCallKeys), name };
}

function derived(type: string, given: JsonObject, state: NodeState | undefined): JsonObject {
  const { mtu, ...others } = bridgeKeys(state?.bridge ?? defaultBridgeSettings);
  // Without the daemon the shape stays what it is by default; only an MTU cannot be guessed.
  const all = state === undefined ? others : { ...others, mtu };
  if (type !== "bridge") return pick(all, sharedKeys[type] ?? []);
  const { hairpinMode, ...rest } = all;
  // bridge refuses the two together, and the operator asked for the other one.
  return given.promiscMode === true ? rest : all;
}

/**
 * An `ipam` that names its own addresses, another type, or is empty (no addresses at all) stands as it is. Otherwise the node's
 * subnets and default routes are filled in under what is given.
 */
function mergeIpam(config: NetworkConfig, state: NodeState | undefined): JsonObject | undefined {
  const { ipam } = config.delegate;
  if (isJsonObject(ipam)) {
    const isOwn = Object.keys(ipam).length === 0 || (ipam.type !== undefined && ipam.type !== "host-local");
    if (isOwn) return ipam;
    if (ipam.subnet !== undefined || ipam.ranges !== undefined || hasRuntimeRanges(config)) {
      return { type: "host-local", ...ipam };
    }
  }
  return state === undefined ? undefined : { ...hostLocalIpam(state.podCIDRs), ...givenIpam(config) };
}

function givenIpam({ delegate }: NetworkConfig): JsonObject {
  return isJsonObject(delegate.ipam) ? delegate.ipam : {};
}

/** Whether the runtime itself gives the ranges (capability `ipRanges`). */
function hasRuntimeRanges({ json }: NetworkConfig): boolean {
  const { runtimeConfig } = json;
  return isJsonObject(runtimeConfig) && Array.isArray(runtimeConfig.ipRanges) && runtimeConfig.ipRanges.length > 0;
}

function pick(object: JsonObject, keys: readonly string[]): JsonObject {
  // A loop, because this runs for every pod: Object.fromEntries costs a quarter of a millisecond when it is first called.
  const picked: Record<string, JsonValue | undefined> = {};
  for (const key of keys) if (object[key] !== undefined) picked[key] = object[key];
  return picked;
}
