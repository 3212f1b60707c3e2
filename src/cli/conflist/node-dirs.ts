// The node a command is about: its machine, its configuration, the directories of its container runtime.

import type { LoadedConfig } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { detectRuntimeDirs, withRuntimeDirs } from "../../config/runtime-dirs.ts";
import { conflistFileName } from "../../node-state/names.ts";
import { join } from "../../sys/fs/path.ts";
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
