// Takes our executable out of the runtime's plugin directory again.

import { type CleanedUp, type CleanUpOptions, leftAlone, removed } from "../agent/cleaned-up.ts";
import { pluginName, savedCallsDir } from "../node-state/names.ts";
import { hasSameContent } from "../sys/fs/executable.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import type { InstallPluginOptions } from "./install-plugin.ts";

export interface RemovePluginOptions extends InstallPluginOptions, CleanUpOptions {}

/**
 * Removes the plugin when it is this executable and no pod needs it any more: a runtime calls it to take a pod down, too.
 * @throws HeadcniError HC_FILE_WRITE
 */
export function removePlugin({ files }: System, options: RemovePluginOptions): readonly CleanedUp[] {
  const path = join(options.binDir, pluginName);
  const info = files.lstat(path);
  if (info === undefined) return [];
  if (info.kind !== "file" || !hasSameContent(options.source, files.hostPath(path))) {
    return [leftAlone(`${path}, which is not this executable: remove it by hand if it is a headcni`)];
  }
  const pods = files.list(savedCallsDir)?.length ?? 0;
  if (pods > 0) {
    return [
      leftAlone(`${path}, which made ${pods} pod${pods === 1 ? "" : "s"} of this node and has to take them down`),
    ];
  }
  if (!options.isDryRun) files.remove(path);
  return [removed(path, options)];
}
