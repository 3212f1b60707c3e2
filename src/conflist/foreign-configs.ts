// What other CNIs have left in the configuration directory. Reads what it knows and says what it does not; whatever lies
// there, it never fails for one file's sake.

import { conflistFileName } from "../node-state/names.ts";
import { readNetworkConfig, typeOfPlugin } from "../spec/config-file.ts";
import { isPreferredToOurs, runtimeOrder } from "../spec/runtime-order.ts";
import { describeError } from "../sys/errors.ts";
import type { FileKind } from "../sys/fs/files.ts";
import { join } from "../sys/fs/path.ts";
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
export const maxConfigBytes = 1 << 20;

/**
 * The configurations in `confDir` that are not ours, in the order the runtime tries them. An absent directory has none.
 * @throws HeadcniError HC_FILE_READ when the directory itself cannot be listed.
 */
export function otherConfigs(system: System, confDir: string): readonly OtherConfig[] {
  const names = runtimeOrder(system.files.list(confDir) ?? []).filter((name) => name !== conflistFileName);
  return names.flatMap((name) => otherConfig(system, confDir, name) ?? []);
}

/** The one of this name, which is not ours; undefined where there is none. */
export function otherConfig(system: System, confDir: string, name: string): OtherConfig | undefined {
  const path = join(confDir, name);
  const kind = system.files.lstat(path)?.kind;
  if (kind === undefined || kind === "directory") return undefined;
  return { name, kind, isPreferred: isPreferredToOurs(name), ...describeConfig(system, path, name) };
}

/** Whether pods get a network by it: a runtime can load it, and it calls more than `loopback`. */
export function givesNetwork({ pluginTypes, problem }: Pick<OtherConfig, "pluginTypes" | "problem">): boolean {
  return problem === undefined && pluginTypes.some((type) => type !== "loopback");
}

/** What a configuration says. @param name by which a runtime would load it, wherever it lies */
export function describeConfig(
  system: System,
  path: string,
  name: string,
): Omit<OtherConfig, "name" | "kind" | "isPreferred"> {
  let bytes: Uint8Array;
  try {
    bytes = system.files.read(path, maxConfigBytes);
  } catch (error) {
    return { network: undefined, pluginTypes: [], problem: describeError(error) };
  }
  const { network, plugins, problem } = readNetworkConfig(name, bytes);
  const [first] = plugins;
  if (first === undefined) return { network, pluginTypes: [], problem };
  return { network, pluginTypes: plugins.map(typeOfPlugin), delegate: delegateOf(first), problem };
}
