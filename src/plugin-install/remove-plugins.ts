// Takes the plugins that HeadCNI put on a node away again, its own and the CNI project's: those that are still what it put there, and
// that nothing calls.

import { type CleanedUp, type CleanUpOptions, leftAlone, removed } from "../agent/cleaned-up.ts";
import { pluginName } from "../node-state/names.ts";
import { hasSameContent } from "../sys/fs/executable.ts";
import type { Files } from "../sys/fs/files.ts";
import { basename, join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { isUnchanged, readCopiedPlugins } from "./copied-plugins.ts";

export interface RemovePluginsOptions extends CleanUpOptions {
  /** The runtime's plugin directory on the node. */
  readonly binDir: string;
  /** Host path of the executable that runs; undefined when it is none. */
  readonly source: string | undefined;
  /** What still calls a plugin of this name, as the end of a sentence; undefined where nothing does. */
  readonly caller: (name: string) => string | undefined;
  /** How many attachments our own has made that it has to take down. */
  readonly attachments: number;
}

/** @throws HeadcniError HC_FILE_WRITE, HC_FILE_READ */
export function removePlugins({ files }: System, options: RemovePluginsOptions): readonly CleanedUp[] {
  const recorded = readCopiedPlugins(files)
    // What has been replaced since is another's, a package's for example.
    .filter((plugin) => isUnchanged(files, plugin))
    .map(({ path }) => path);
  const ownPath = join(options.binDir, pluginName);
  const unrecorded = recorded.includes(ownPath) ? undefined : whoseUnrecorded(files, ownPath, options.source);
  const paths = unrecorded === "ours" ? [ownPath, ...recorded] : recorded;
  const done = paths.map((path): CleanedUp => {
    const why = whyNeeded(basename(path), options);
    if (why !== undefined) return leftAlone(`${path}, which ${why}`);
    if (!options.isDryRun) files.remove(path);
    return removed(path, options);
  });
  if (unrecorded !== "unknown") return done;
  return [leftAlone(`${ownPath}, which is not this executable: remove it by hand if it is a headcni`), ...done];
}

/** What lies under our name without a note of ours, or changed since. */
function whoseUnrecorded(files: Files, path: string, source: string | undefined): "ours" | "unknown" | undefined {
  const info = files.lstat(path);
  // A HeadCNI that is run from source puts none there.
  if (info === undefined || source === undefined) return undefined;
  return info.kind === "file" && hasSameContent(source, files.hostPath(path)) ? "ours" : "unknown";
}

function whyNeeded(name: string, { caller, attachments }: RemovePluginsOptions): string | undefined {
  if (name === pluginName && attachments > 0) {
    return `made ${attachments} pod${attachments === 1 ? "" : "s"} of this node and has to take them down`;
  }
  return caller(name);
}
