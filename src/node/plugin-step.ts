// With `cni.type: headcni`, puts the plugin into the runtime's directory and makes sure that it starts there before a conflist calls
// it. A host where it cannot start, or save its calls, gets pods all the same: its conflist calls bridge directly.

import type { Config } from "../config/config.ts";
import { pluginName, savedCallsDir } from "../node-state/names.ts";
import { type InstallPluginOptions, installPlugin } from "../plugin-install/install-plugin.ts";
import { provePlugin } from "../plugin-install/prove.ts";
import { expected } from "../sys/errors.ts";
import { join } from "../sys/fs/path.ts";
import { whyUnwritable } from "../sys/fs/unwritable.ts";
import type { System } from "../sys/system.ts";
import type { PluginFault } from "./conditions.ts";

/** The plugin as the last step left it; comparing 100 MB in each step would be work without end. */
export interface PluginMemory {
  /** The file as it was; undefined when it was not installed. */
  readonly file: string | undefined;
  readonly hasStarted: boolean;
}

export const firstPluginMemory: PluginMemory = { file: undefined, hasStarted: false };

export interface PluginOutcome {
  /** Why no conflist may call the plugin; undefined when one may. */
  readonly fault: PluginFault | undefined;
  readonly memory: PluginMemory;
}

/**
 * Installs and proves the plugin when the configuration wants it; otherwise does nothing, and leaves one that is there: pods it
 * made need it to go.
 * @param source host path of the executable to install; undefined when HeadCNI is run from source
 */
export async function applyPlugin(
  system: System,
  { cni: { type, binDir } }: Config,
  { source, memory }: { readonly source: string | undefined; readonly memory: PluginMemory },
): Promise<PluginOutcome> {
  if (type !== "headcni") return { fault: undefined, memory: firstPluginMemory };
  const unusable = (why: string, hint?: string): PluginOutcome => {
    const path = join(binDir, pluginName);
    const left = { file: fingerprint(system, binDir), hasStarted: false };
    return { fault: { path, why, hint }, memory: left };
  };
  if (source === undefined) return unusable("HeadCNI runs from source, and only its compiled form is a plugin");
  const refused = whyUnwritable(system.files.hostPath(savedCallsDir));
  if (refused !== undefined) {
    const fault = {
      path: join(binDir, pluginName),
      why: `it cannot save its calls in ${savedCallsDir}: ${refused.why}`,
    };
    return { fault: { ...fault, hint: refused.hint }, memory };
  }
  try {
    const isAsLeft = memory.file !== undefined && memory.file === fingerprint(system, binDir);
    if (!isAsLeft) install(system, { binDir, source });
    if (!isAsLeft || !memory.hasStarted) {
      const proof = await provePlugin(system, binDir);
      if (proof.kind === "cannot-start") return unusable(`it ${proof.why}`, proof.remedy);
    }
    return { fault: undefined, memory: { file: fingerprint(system, binDir), hasStarted: true } };
  } catch (error) {
    expected(error);
    return { ...unusable(error.message, error.hint), memory: firstPluginMemory };
  }
}

function install(system: System, options: InstallPluginOptions): void {
  const { outcome, path } = installPlugin(system, options);
  if (outcome !== "unchanged") system.log.info("PluginInstalled", `Installed the CNI plugin ${path}`, { outcome });
}

function fingerprint({ files }: System, binDir: string): string | undefined {
  const info = files.lstat(join(binDir, pluginName));
  return info === undefined ? undefined : `${binDir} ${info.inode} ${info.mtimeMs} ${info.sizeBytes} ${info.mode}`;
}
