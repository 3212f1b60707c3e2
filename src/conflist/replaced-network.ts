// The network whose place ours took, and what it called for each pod behind its first plugin: portmap, most often, without which no
// hostPort reaches a pod. Reads what lies in the directories; whatever lies there, it never fails for one file's sake.

import { originalName } from "../node-state/aside-name.ts";
import { conflistFileName } from "../node-state/names.ts";
import { readNetworkConfig, typeOfPlugin } from "../spec/config-file.ts";
import { isRuntimeConfig } from "../spec/runtime-order.ts";
import { describeError, expected } from "../sys/errors.ts";
import { compareNames } from "../sys/fs/file-name.ts";
import { join } from "../sys/fs/path.ts";
import type { JsonObject } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import { maxConfigBytes } from "./foreign-configs.ts";
import { openStore, type Store } from "./ledger/store.ts";
import { delegateOf } from "./meta-config.ts";

/** Of one network that ours took the place of, and in the order it called them. */
export interface LostPlugins {
  /** The file that describes it now: the one that was moved aside. */
  readonly path: string;
  /** Entries of plugins behind its first one, of types that ours does not call; at least one. */
  readonly plugins: readonly JsonObject[];
}

export interface LostPluginsOptions {
  readonly confDir: string;
  /** Directories that the runtime may have read before. Those that HeadCNI has worked in are known. */
  readonly formerDirs: readonly string[];
  /** Chained plugins of ours. */
  readonly plugins: readonly JsonObject[];
  /** @default /var/lib/headcni */
  readonly stateDir?: string | undefined;
}

/**
 * Each chained plugin that the network before ours called and ours does not: of each directory of the one network that was in force,
 * the first that a runtime can load. Empty on a node that had none. A file that lies aside and is removed says nothing any more.
 */
export function lostPlugins(system: System, options: LostPluginsOptions): readonly LostPlugins[] {
  const { confDir, formerDirs, stateDir } = options;
  const store = (dir: string): Store => openStore(system, stateDir, dir);
  const seen = new Set(options.plugins.map(typeOfPlugin));
  const dirs = new Set([confDir, ...readKnownDirs(system, store(confDir)), ...formerDirs]);
  return [...dirs].flatMap((dir) => {
    const replaced = replacedNetwork(system, store(dir));
    const plugins = (replaced?.chained ?? []).filter((plugin) => !seen.has(typeOfPlugin(plugin)));
    for (const plugin of plugins) seen.add(typeOfPlugin(plugin));
    return replaced === undefined || plugins.length === 0 ? [] : [{ path: replaced.path, plugins }];
  });
}

interface ReplacedNetwork {
  readonly path: string;
  readonly chained: readonly JsonObject[];
}

/** The network that a runtime would take if HeadCNI had never come. */
function replacedNetwork(system: System, { confDir, read }: Store): ReplacedNetwork | undefined {
  const networks = candidates(system, confDir, read).flatMap(({ name, path }): ReplacedNetwork[] => {
    const { network, plugins, problem } = readConfig(system, name, path);
    const [first, ...chained] = plugins;
    // A meta-plugin calls another one of these.
    if (first === undefined || problem !== undefined || delegateOf(first) !== undefined) return [];
    return isCalledByName(name, network) ? [] : [{ path, chained }];
  });
  return networks[0];
}

interface Candidate {
  /** The name it had, or has, for the runtime. */
  readonly name: string;
  readonly path: string;
}

/** What was there before, under its name or aside, in the order a runtime tries them. */
function candidates(system: System, confDir: string, read: Store["read"]): readonly Candidate[] {
  const names = tryTo(system, () => system.files.list(confDir)) ?? [];
  const present = names.filter((name) => isRuntimeConfig(name) && name !== conflistFileName);
  const isAside = new Set(names.filter((name) => originalName(name) !== undefined));
  const record = isAside.size === 0 ? undefined : tryTo(system, read);
  const aside = (record?.aside ?? []).filter((entry) => entry.role === "original" && isAside.has(entry.aside));
  return [
    ...present.map((name) => ({ name, path: join(confDir, name) })),
    ...aside.map(({ name, aside: asideName }) => ({ name, path: join(confDir, asideName) })),
  ].sort((a, b) => compareNames(a.name, b.name));
}

function readConfig(system: System, name: string, path: string): ReturnType<typeof readNetworkConfig> {
  try {
    return readNetworkConfig(name, system.files.read(path, maxConfigBytes));
  } catch (error) {
    return { network: undefined, plugins: [], problem: describeError(error) };
  }
}

/** podman and nerdctl call their networks by name, whatever comes first in the directory: no network of theirs was the pods'. */
function isCalledByName(file: string, network: string | undefined): boolean {
  return [file, network ?? ""].some((text) => /podman|nerdctl/.test(text));
}

function readKnownDirs(system: System, store: Store): readonly string[] {
  return tryTo(system, store.knownDirs) ?? [];
}

/** Undefined where the disk refuses: the step that has to use the same says so. */
function tryTo<T>({ log }: System, act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    expected(error);
    log.debug(error.message);
    return undefined;
  }
}
