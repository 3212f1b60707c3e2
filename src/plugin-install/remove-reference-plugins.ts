// Takes the reference plugins that HeadCNI put on a node away again, as long as they are what it put there and nothing calls them.

import { type CleanedUp, type CleanUpOptions, leftAlone, removed } from "../agent/cleaned-up.ts";
import { basename } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { isUnchanged, readCopiedPlugins } from "./reference-plugins.ts";

export interface RemoveReferencePluginsOptions extends CleanUpOptions {
  /** What still calls a plugin of this name, as the end of a sentence; undefined where nothing does. */
  readonly caller: (name: string) => string | undefined;
}

/** @throws HeadcniError HC_FILE_WRITE */
export function removeReferencePlugins(
  { files }: System,
  options: RemoveReferencePluginsOptions,
): readonly CleanedUp[] {
  return readCopiedPlugins(files).flatMap((plugin): readonly CleanedUp[] => {
    const { path } = plugin;
    // What has been replaced since is another's, a package's for example.
    if (!isUnchanged(files, plugin)) return [];
    const caller = options.caller(basename(path));
    if (caller !== undefined) return [leftAlone(`${path}, which ${caller}`)];
    if (!options.isDryRun) files.remove(path);
    return [removed(path, options)];
  });
}
