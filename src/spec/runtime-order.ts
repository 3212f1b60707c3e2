// Which file of a configuration directory a runtime takes: libcni's ConfFiles and the sort of go-cni and ocicni. Pure.

import { conflistFileName } from "../node-state/names.ts";
import { compareNames } from "../sys/fs/file-name.ts";
import { extname } from "../sys/fs/path.ts";

/** Extensions containerd, CRI-O and libcni read; compared exactly, so `.CONF` is none. */
const extensions: readonly string[] = [".conf", ".conflist", ".json"];

/** Whether a runtime reads a file of this name. Hidden files count, backups (`.bak`, `.headcni-aside`) do not. */
export function isRuntimeConfig(name: string): boolean {
  return extensions.includes(extname(name));
}

/** The names a runtime reads, in the order it tries them. The first decides, whether it can be parsed or not. */
export function runtimeOrder(names: readonly string[]): readonly string[] {
  return names.filter(isRuntimeConfig).sort(compareNames);
}

/** Whether a runtime tries a file of this name before ours. */
export function isPreferredToOurs(name: string): boolean {
  return isRuntimeConfig(name) && compareNames(name, conflistFileName) < 0;
}
