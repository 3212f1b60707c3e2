// Which network a meta-plugin's configuration calls: Multus stands in front of the others on purpose and calls one of them for every
// pod. Pure.

import { conflistFileName, networkName } from "../node-state/names.ts";
import { basename, extname } from "../sys/fs/path.ts";
import { isJsonObject, type JsonObject } from "../sys/json.ts";

/** The network a meta-plugin calls: ours, another's by name, or one that cannot be told from the configuration alone. */
export type Delegate =
  | { readonly kind: "ours" }
  | { readonly kind: "other"; readonly name: string }
  /** `name`: of a network that need not be described on this node (a NetworkAttachmentDefinition). */
  | { readonly kind: "unknown"; readonly name?: string };

/** Plugins that do nothing but call others. */
const metaTypes: ReadonlySet<unknown> = new Set(["multus", "multus-shim", "genie", "danm", "knitter"]);
const configEndings: ReadonlySet<string> = new Set([".conflist", ".conf", ".json"]);

/**
 * What a configuration calls for every pod; undefined for a plugin that is no meta-plugin.
 * Multus' own order: `clusterNetwork`, and without it the first of `delegates`. A `multus-shim` may say neither and leave it to its
 * daemon, which waits for `readinessindicatorfile`.
 */
export function delegateOf(plugin: JsonObject): Delegate | undefined {
  const delegates = Array.isArray(plugin.delegates) ? plugin.delegates.filter(isJsonObject) : [];
  const network = typeof plugin.clusterNetwork === "string" ? plugin.clusterNetwork.trim() : "";
  if (!metaTypes.has(plugin.type) && delegates.length === 0 && network === "") return undefined;
  if (network !== "") return ofClusterNetwork(network);
  const [first] = delegates;
  if (first !== undefined) return ofConfig(first);
  return isOurFile(plugin.readinessindicatorfile) ? { kind: "ours" } : { kind: "unknown" };
}

/** A network's name, a NetworkAttachmentDefinition's (`namespace/name`), a file, or a directory. */
function ofClusterNetwork(network: string): Delegate {
  if (isOurFile(network) || (!network.startsWith("/") && basename(network) === networkName)) return { kind: "ours" };
  return configEndings.has(extname(network)) ? { kind: "other", name: network } : { kind: "unknown", name: network };
}

/** A whole configuration inside the other: Multus' entrypoint copies the first of the directory there. */
function ofConfig(config: JsonObject): Delegate {
  const { name, type } = config;
  if (name === networkName) return { kind: "ours" };
  if (typeof name === "string" && name !== "") return { kind: "other", name };
  return typeof type === "string" ? { kind: "other", name: type } : { kind: "unknown" };
}

/** By its last part: a daemon in a pod sees the directory elsewhere. */
function isOurFile(path: unknown): boolean {
  return typeof path === "string" && basename(path) === conflistFileName;
}
