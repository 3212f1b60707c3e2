// A CNI configuration file as libcni loads it: what network it is, and why a runtime would refuse it. Pure.

import { extname } from "../sys/fs/path.ts";
import { isJsonObject, type JsonObject } from "../sys/json.ts";

export interface NetworkConfig {
  /** The network's name, when it says one. */
  readonly network: string | undefined;
  /** Those of its plugins that are objects, in order; empty when it cannot be read. */
  readonly plugins: readonly JsonObject[];
  /** Why a runtime cannot load it, as the end of a sentence that begins with the file; undefined when it can. */
  readonly problem: string | undefined;
}

/** Reads the bytes of a file of that name: `.conflist` is a list of plugins, any other a single one. */
export function readNetworkConfig(name: string, bytes: Uint8Array): NetworkConfig {
  let json: unknown;
  try {
    // A byte order mark stays in the text: Go's JSON refuses it, and so must we.
    json = JSON.parse(new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes));
  } catch {
    return { network: undefined, plugins: [], problem: "is not JSON" };
  }
  if (!isJsonObject(json)) return { network: undefined, plugins: [], problem: "is not a JSON object" };
  const network = typeof json.name === "string" ? json.name : undefined;
  const listed = extname(name) === ".conflist" ? json.plugins : [json];
  const plugins = Array.isArray(listed) ? listed.filter(isJsonObject) : [];
  const problem = versionProblem(json) ?? loadProblem(listed, plugins.map(typeOfPlugin), network);
  return { network, plugins, problem };
}

/** The type of a plugin's entry; "" when it has none. */
export function typeOfPlugin(plugin: JsonObject): string {
  return typeof plugin.type === "string" ? plugin.type : "";
}

function versionProblem({ cniVersion }: JsonObject): string | undefined {
  return cniVersion === undefined || typeof cniVersion === "string" ? undefined : "has a cniVersion that is no text";
}

/** What libcni would refuse: when it loads, or, a `.conf` without a name, when a pod comes. */
function loadProblem(plugins: unknown, types: readonly string[], network: string | undefined): string | undefined {
  if (!Array.isArray(plugins) || plugins.length === 0) return "lists no plugins";
  if (types.length < plugins.length || types.includes("")) return "has a plugin without a type";
  return network === undefined || network === "" ? "has no name" : undefined;
}
