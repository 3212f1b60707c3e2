// The CNI project's reference plugins (bridge, host-local, loopback, portmap) that a container image brings, put into the runtime's
// plugin directory where they are missing. What lies there already stays, but for an older one of ours; what was put there is written
// down before, so that it can be taken away.

import { describeError, errnoOf, HeadcniError } from "../sys/errors.ts";
import { copyExecutable, fileSha256Hex, hasSameContent } from "../sys/fs/executable.ts";
import { createFiles, type Files } from "../sys/fs/files.ts";
import { dirname, join } from "../sys/fs/path.ts";
import { refusalHint } from "../sys/fs/refusal.ts";
import type { System } from "../sys/system.ts";
import { isUnchanged, noteCopiedPlugin, readCopiedPlugins } from "./copied-plugins.ts";

export interface InstallReferencePluginsOptions {
  /** The runtime's plugin directory on the node. */
  readonly binDir: string;
  /** Host path of the directory that has them, with their version in the file VERSION. */
  readonly from: string;
}

export interface InstalledPlugin {
  readonly path: string;
  /** `kept`: one lies there, and stays. */
  readonly outcome: "copied" | "updated" | "unchanged" | "kept";
}

const versionFile = "VERSION";

/**
 * Copies what is missing.
 * @throws HeadcniError HC_PLUGIN_INSTALL when the directory cannot be written or there is nothing to copy
 */
export function installReferencePlugins(
  system: System,
  { binDir, from }: InstallReferencePluginsOptions,
): readonly InstalledPlugin[] {
  const source = createFiles("/");
  const names = source.list(from)?.filter((name) => name !== versionFile) ?? [];
  const version = textOf(source, join(from, versionFile)).trim();
  if (names.length === 0 || version === "") {
    throw new HeadcniError("HC_PLUGIN_INSTALL", `Cannot install reference plugins: ${from} has none`, {
      hint: "name the folder of the image that has them, with the file VERSION beside them",
    });
  }
  return names.map((name) => {
    const path = join(binDir, name);
    try {
      return installOne(system, { path, version, source: join(from, name) });
    } catch (error) {
      throw new HeadcniError("HC_PLUGIN_INSTALL", `Cannot install the plugin ${path}: ${describeError(error)}`, {
        hint:
          errnoOf(error) === "EROFS"
            ? "have the folder mounted so that it can be written, or name another as cni.binDir"
            : (refusalHint(errnoOf(error)) ?? "check the folder cni.binDir names"),
        cause: error,
      });
    }
  });
}

interface InstallOne {
  readonly path: string;
  readonly version: string;
  /** Host path. */
  readonly source: string;
}

function installOne({ files }: System, { path, version, source }: InstallOne): InstalledPlugin {
  const ours = readCopiedPlugins(files).find((plugin) => plugin.path === path);
  if (files.lstat(path) !== undefined) {
    const isOurs = ours !== undefined && isUnchanged(files, ours);
    if (!isOurs) return { path, outcome: "kept" };
    if (hasSameContent(source, files.hostPath(path))) return { path, outcome: "unchanged" };
    // Pods of a newer HeadCNI may need what the newer plugin knows.
    if (ours.version !== undefined && !isNewer(version, ours.version)) return { path, outcome: "kept" };
  }
  noteCopiedPlugin(files, { path, version, sha256: fileSha256Hex(source) });
  files.makeDir(dirname(path));
  copyExecutable(source, files.hostPath(path));
  return { path, outcome: ours === undefined ? "copied" : "updated" };
}

/** Of versions as releases have them, `1.10.0`. */
function isNewer(version: string, other: string): boolean {
  return version.localeCompare(other, "en", { numeric: true }) > 0;
}

function textOf(files: Files, path: string): string {
  return new TextDecoder().decode(files.readIfPresent(path, 1 << 20));
}
