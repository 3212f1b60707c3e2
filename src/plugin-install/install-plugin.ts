// Puts our own executable into the runtime's plugin directory as `headcni`, unless it is there already.

import { pluginName } from "../node-state/names.ts";
import { describeError, errnoOf, expected, HeadcniError } from "../sys/errors.ts";
import { temporaryTarget } from "../sys/fs/atomic-file.ts";
import { copyExecutable, fileSha256Hex, hasSameContent } from "../sys/fs/executable.ts";
import { dirname, join } from "../sys/fs/path.ts";
import { refusalHint } from "../sys/fs/refusal.ts";
import type { System } from "../sys/system.ts";
import { noteCopiedPlugin, readCopiedPlugins } from "./copied-plugins.ts";

export interface InstallPluginOptions {
  /** The runtime's plugin directory on the node. */
  readonly binDir: string;
  /** Host path of the executable to install: `ownExecutable()`. */
  readonly source: string;
}

export interface InstallPluginReport {
  readonly outcome: "unchanged" | "created" | "replaced";
  /** The plugin's path on the node. */
  readonly path: string;
}

/**
 * Installs the plugin atomically: copies that run keep running, the same content is not written again, what an
 * interrupted installation left is removed. The directory is made when missing.
 * @throws HeadcniError HC_PLUGIN_INSTALL when the directory cannot be written or the source cannot be read.
 */
export function installPlugin(system: System, options: InstallPluginOptions): InstallPluginReport {
  const path = join(options.binDir, pluginName);
  try {
    system.files.makeDir(options.binDir);
    removeLeftovers(system, options.binDir);
    const existing = system.files.lstat(path);
    const target = join(system.files.hostPath(dirname(path)), pluginName);
    if (existing?.kind === "directory") throw Object.assign(new Error("is a directory"), { code: "EISDIR" });
    const isExecutable = existing?.kind === "file" && (existing.mode & 0o111) === 0o111;
    if (isExecutable && hasSameContent(options.source, target)) {
      if (!readCopiedPlugins(system.files).some((plugin) => plugin.path === path)) note(system, path, options.source);
      return { outcome: "unchanged", path };
    }
    note(system, path, options.source);
    copyExecutable(options.source, target);
    return { outcome: existing === undefined ? "created" : "replaced", path };
  } catch (error) {
    const cause = error instanceof HeadcniError ? (error.cause ?? error) : error;
    throw new HeadcniError("HC_PLUGIN_INSTALL", `Cannot install the CNI plugin as ${path}: ${describeError(cause)}`, {
      hint:
        errnoOf(cause) === "EROFS"
          ? "name a folder that can be written as cni.binDir, or set cni.type to bridge"
          : `${refusalHint(errnoOf(cause)) ?? "check the folder cni.binDir names"}, or set cni.type to bridge`,
      cause: error,
    });
  }
}

/** Without a note the plugin works as well: then it is taken away by an uninstall whose executable it is a copy of. */
function note({ files, log }: System, path: string, source: string): void {
  try {
    noteCopiedPlugin(files, { path, version: undefined, sha256: fileSha256Hex(source) });
  } catch (error) {
    expected(error);
    log.debug("Did not note that the plugin is ours", { path, why: error.message });
  }
}

function removeLeftovers(system: System, binDir: string): void {
  for (const name of system.files.list(binDir) ?? []) {
    if (temporaryTarget(name) === pluginName) system.files.remove(join(binDir, name));
  }
}
