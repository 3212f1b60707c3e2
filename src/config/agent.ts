// The agent that reads the configuration and publishes it, with the directories of this node's runtime. Once a daemon runs, a
// configuration that has become wrong does not stop it: the last good one stays in force and a condition says so.

import { type Agent, agentStatus, plainAgent } from "../agent/agent.ts";
import type { ConditionStore } from "../agent/condition-store.ts";
import type { Condition } from "../agent/conditions.ts";
import type { Latest } from "../agent/latest.ts";
import { createReconciler } from "../agent/reconciler.ts";
import { createTrigger } from "../agent/trigger.ts";
import { createWatches, type WatchTarget } from "../agent/watches.ts";
import { ConfigError, describeError, expected, type HeadcniError } from "../sys/errors.ts";
import { dirname } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { condition, configConditions } from "./conditions.ts";
import type { Config, LoadedConfig } from "./config.ts";
import { createConfigLoader, loadConfig } from "./load.ts";
import { type DirDisagreement, describeDisagreement, detectRuntimeDirs, withRuntimeDirs } from "./runtime-dirs.ts";

/** What the command line says. */
export interface DaemonFlags {
  /** Path of the configuration file. */
  readonly config?: string | undefined;
  readonly nodeName?: string | undefined;
}

export interface ConfigAgentOptions {
  readonly conditions: ConditionStore;
  /** Where each configuration that can be used is published. */
  readonly config: Latest<LoadedConfig | undefined>;
  readonly flags: DaemonFlags;
  /** Opens the log as a new configuration says. */
  readonly configureLog: (logging: Config["logging"]) => Promise<void>;
}

interface ConfigRead {
  readonly loaded: LoadedConfig;
  readonly conditions: readonly Condition[];
}

/** Its first step throws a ConfigError when there is no configuration that can be used. */
export function createConfigAgent(system: System, options: ConfigAgentOptions): Agent {
  const { config, configureLog } = options;
  const read = createReader(system, options.flags);
  const trigger = createTrigger(system.clock);
  const watches = createWatches(system, trigger);
  const reconciler = createReconciler(system, {
    name: "config",
    conditions: options.conditions,
    trigger,
    step: async () => {
      const before = config.value;
      const { loaded, conditions } = await read(before);
      if (!isSame(loaded, before)) {
        logConfig(system.log, loaded, before);
        config.set(loaded);
        await configureLog(loaded.config.logging);
      }
      return conditions;
    },
  });
  return {
    ...plainAgent,
    ...reconciler,
    conditions: configConditions,
    run: async (signal) => {
      // What it watches is named on the command line, so it stays the same.
      if (config.value !== undefined) watches.update([watchTarget(config.value, system.files.root)]);
      await reconciler.run(signal);
      watches.close();
    },
    status: () => agentStatus({ lastReconcile: reconciler.last.value, document: { file: config.value?.file ?? null } }),
  };
}

/** Reads anew; what cannot be read stays as it was. */
function createReader(system: System, { config: path, nodeName }: DaemonFlags) {
  const load = createConfigLoader();
  let conditions: readonly Condition[] = [];
  return async (last: LoadedConfig | undefined): Promise<ConfigRead> => {
    const complete = (written: LoadedConfig): ConfigRead => {
      const dirs = detectRuntimeDirs(system, written);
      conditions = [...passingOver(written), ...disagreeing(dirs.disagreements)];
      return { loaded: withRuntimeDirs(written, dirs), conditions };
    };
    const options = { path, flags: { nodeName } };
    try {
      return complete(await load(system, options));
    } catch (error) {
      expected(error);
      if (last === undefined) {
        // A node whose PodCIDR is in force goes on with it; on another the node agent ends the daemon.
        const { loaded } = complete(await loadConfig(system, { ...options, toleratesConflicts: true }));
        return { loaded, conditions: [configInvalid(loaded, error), ...conditions] };
      }
      return { loaded: last, conditions: [configInvalid(last, error), ...conditions] };
    }
  };
}

/** The condition for a configuration, or a value an operator set, that cannot be used. */
export function configInvalid({ file, hostFile }: LoadedConfig, error: HeadcniError): Condition {
  return condition("ConfigInvalid", { file: file ?? hostFile, why: inOneSentence(error) });
}

/** The error and its issues in one sentence. */
function inOneSentence(error: HeadcniError): string {
  const issues = error instanceof ConfigError ? error.issues : [];
  if (issues.length === 0) return describeError(error);
  return issues
    .map(({ path, message, line }) => `${line === undefined ? "" : `line ${line}: `}${path} ${message}`.trim())
    .join("; ");
}

function passingOver({ passedOver }: LoadedConfig): readonly Condition[] {
  if (passedOver === undefined) return [];
  const { file = "", message } = passedOver;
  return [condition("ConfigPassedOver", { file, why: message })];
}

function disagreeing(disagreements: readonly DirDisagreement[]): readonly Condition[] {
  return disagreements.length === 0
    ? []
    : [condition("RuntimeFolderDiffers", { folders: disagreements.map(describeDisagreement) })];
}

/** The loader gives the same origins for the same configuration; the runtime's directories are found anew each time. */
function isSame(a: LoadedConfig, b: LoadedConfig | undefined): boolean {
  return (
    a.origins === b?.origins &&
    a.file === b.file &&
    a.config.cni.confDir === b.config.cni.confDir &&
    a.config.cni.binDir === b.config.cni.binDir
  );
}

/** @param root host path of the directory that plays the node's "/" */
export function watchTarget({ hostFile }: LoadedConfig, root: string): WatchTarget {
  // Watching a directory means watching all above it: those of the root's own machine are none of the node's.
  const under = root === "/" ? "/" : `${root}/`;
  const inside = hostFile.startsWith(under) ? dirname(hostFile.slice(under.length - 1)) : undefined;
  // A mounted ConfigMap changes by a link beside the file, so every name counts.
  return { dir: inside ?? dirname(hostFile), names: undefined, withinMs: 250, isOutside: inside === undefined };
}

/** That a configuration was read, with its file and the runtime's directories; each warning once. */
function logConfig(log: System["log"], loaded: LoadedConfig, last: LoadedConfig | undefined): void {
  const line = configLine(loaded);
  const { confDir, binDir } = loaded.config.cni;
  const fields = { file: loaded.file, confDir, binDir };
  if (last === undefined || line !== configLine(last)) log.info("ConfigLoaded", line, fields);
  else log.info("ConfigReloaded", `${line}; read anew`, fields);
  const known = new Set(last?.warnings.map(({ path, message }) => `${path} ${message}`));
  for (const warning of loaded.warnings) {
    const { path, message, file, line: at } = warning;
    // That one is a condition, which the log tells of too.
    if (warning === loaded.passedOver) continue;
    if (!known.has(`${path} ${message}`))
      log.warn("ConfigDoubted", `Configuration: ${path} ${message}`, { file, line: at });
  }
}

function configLine({ file, config }: LoadedConfig): string {
  const { confDir, binDir } = config.cni;
  return `Configuration: ${file ?? "no file, defaults"}; the runtime reads ${confDir} and takes plugins from ${binDir}`;
}
