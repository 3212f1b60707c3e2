// The node a command is about: its machine, its configuration, the directories of its container runtime.

import type { Config, LoadedConfig } from "../../config/config.ts";
import { defaultConfig } from "../../config/defaults.ts";
import { loadConfig } from "../../config/load.ts";
import { detectDirsWithoutConfig, detectRuntimeDirs, withRuntimeDirs } from "../../config/runtime-dirs.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { ConfigError } from "../../sys/errors.ts";
import { join } from "../../sys/fs/path.ts";
import { printable } from "../../sys/log/printable.ts";
import type { System } from "../../sys/system.ts";
import type { CliContext } from "../context.ts";
import { issueLine } from "../exit.ts";
import type { NodeFlags } from "./conflist-flags.ts";

/** A node's configuration with the directories of its runtime. */
export interface NodeDirs {
  readonly system: System;
  readonly loaded: LoadedConfig;
  /** Our file. */
  readonly path: string;
}

/**
 * Reads the configuration; its warnings go to standard error, and so do ranges that conflict: a daemon runs on with those, and what it
 * put on the node can be taken out. @throws ConfigError
 */
export async function readNodeDirs(context: CliContext, flags: NodeFlags): Promise<NodeDirs> {
  const system = context.system(flags.root);
  const options = { path: flags.config, flags: { nodeName: flags.nodeName }, toleratesConflicts: true };
  const written = await loadConfig(system, options);
  for (const warning of [...written.warnings, ...(written.conflict?.issues ?? [])])
    context.warn(`warning: ${issueLine(warning)}\n`);
  const loaded = withRuntimeDirs(written, detectRuntimeDirs(system, written));
  return { system, loaded, path: join(loaded.config.cni.confDir, conflistFileName) };
}

/** The folders HeadCNI is to be taken out of, beside those where it is known to have been. */
export interface NodeToClear {
  readonly system: System;
  readonly cni: Config["cni"];
}

/**
 * As `readNodeDirs`, for what takes HeadCNI out of a node: a configuration that is wrong is warned of, and the folders are then the
 * runtime's own. @throws ConfigError HC_CONFIG_FILE, as for a file that was named and does not exist
 */
export async function readNodeToClear(context: CliContext, flags: NodeFlags): Promise<NodeToClear> {
  try {
    const { system, loaded } = await readNodeDirs(context, flags);
    return { system, cni: loaded.config.cni };
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== "HC_CONFIG_INVALID") throw error;
    const system = context.system(flags.root);
    const { confDir, binDir } = detectDirsWithoutConfig(system);
    for (const issue of error.issues) context.warn(`warning: ${issueLine(issue)}\n`);
    const folders = printable(`${confDir} and ${binDir}`);
    const remedy = "if HeadCNI was given others, correct it and run this again";
    context.warn(`warning: the configuration cannot be used: the folders are the runtime's, ${folders}; ${remedy}\n`);
    return { system, cni: { ...defaultConfig.cni, confDir, binDir } };
  }
}
