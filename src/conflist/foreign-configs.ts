// What other CNIs have left in the configuration directory. Reads what it knows and says what it does not; whatever lies
// there, it never fails for one file's sake.

import { conflistFileName } from "../node-state/names.ts";
import { isPreferredToOurs, runtimeOrder } from "../spec/runtime-order.ts";
import { describeError } from "../sys/errors.ts";
import type { FileKind } from "../sys/fs/files.ts";
import { extname, join } from "../sys/fs/path.ts";
import { isJsonObject, type JsonObject } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import { type Delegate, delegateOf } from "./meta-config.ts";

export interface OtherConfig {
  readonly name: string;
  /** The name itself, a link not followed. Never a directory: runtimes pass directories over. */
  readonly kind: FileKind;
  /** Whether a runtime takes it before ours. A broken one too: it stops containerd from loading any. */
  readonly isPreferred: boolean;
  /** The network's name, when it says one. */
  readonly network: string | undefined;
  /** Types of its plugins, in order; empty when it cannot be read. */
  readonly pluginTypes: readonly string[];
  /** Which network it calls, when its first plugin is a meta-plugin. */
  readonly delegate?: Delegate | undefined;
  /** Why a runtime cannot load it; undefined when it can. */
  readonly problem: string | undefined;
}

/** A configuration is a few KiB; nobody's is a MiB. */
const maxBytes = 1 << 20;

/**
 * The configurations in `confDir` that are not ours, in the order the runtime tries them. An absent directory has none.
 * @throws HeadcniError HC_FILE_READ when the directory itself cannot be listed.
 */
export function otherConfigs(system: System, confDir: string): readonly OtherConfig[] {
  const names = runtimeOrder(system.files.list(confDir) ?? []).filter((name) => name !== conflistFileName);
  return names.flatMap((name) => {
    const path = join(confDir, name);
    // undefined: removed since the listing, or a name that is not UTF-8 and cannot be asked for.
    const kind = system.files.lstat(path)?.kind;
    if (kind === undefined || kind === "directory") return [];
    return [{ name, kind, isPreferred: isPreferredToOurs(name), ...describeConfig(system, path) }];
  });
}

function describeConfig(system: System, path: string): Omit<OtherConfig, "name" | "kind" | "isPreferred"> {
  let json: unknown;
  try {
    // A byte order mark stays in the text: Go's JSON refuses it, and so must we.
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(system.files.read(path, maxBytes));
    json = JSON.parse(text);
  } catch (error) {
    const why = error instanceof SyntaxError ? "is not JSON" : describeError(error);
    return { network: undefined, pluginTypes: [], problem: why };
  }
  if (!isJsonObject(json)) return { network: undefined, pluginTypes: [], problem: "is not a JSON object" };
  const network = typeof json.name === "string" ? json.name : undefined;
  const plugins = extname(path) === ".conflist" ? json.plugins : [json];
  const objects = Array.isArray(plugins) ? plugins.filter(isJsonObject) : [];
  const pluginTypes = objects.map(typeOf);
  const [first] = objects;
  const delegate = first === undefined ? undefined : delegateOf(first);
  return { network, pluginTypes, delegate, problem: loadProblem(plugins, pluginTypes, network) };
}

function typeOf(plugin: JsonObject): string {
  return typeof plugin.type === "string" ? plugin.type : "";
}

/** What libcni would refuse: when it loads, or, a `.conf` without a name, when a pod comes. */
function loadProblem(plugins: unknown, types: readonly string[], network: string | undefined): string | undefined {
  if (!Array.isArray(plugins) || plugins.length === 0) return "lists no plugins";
  if (types.length < plugins.length || types.includes("")) return "has a plugin without a type";
  return network === undefined || network === "" ? "has no name" : undefined;
}
