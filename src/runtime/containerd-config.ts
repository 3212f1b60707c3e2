// The few keys of one file of containerd's configuration (config.toml, version 1 to 4) that say where its CNI directories are. Pure.

import type { JsonObject } from "../sys/json.ts";
import { ok, type Result } from "../sys/result.ts";
import { parseToml } from "../sys/toml.ts";
import { type Found, tomlDirs, tomlTexts } from "./toml-dirs.ts";

export interface ContainerdCni {
  readonly confDir: Found | undefined;
  readonly binDir: Found | undefined;
  /** What goes before `bin_dir` since containerd 2.1; empty when it is not written. */
  readonly binDirs: readonly Found[];
  /** Other files whose keys go before those of this one; may hold a `*`. */
  readonly imports: readonly string[];
  /** Whether this containerd serves no Kubernetes at all, as Docker's does not. */
  readonly isCriDisabled: boolean;
}

/** Ids of the CRI plugin: config version 3 and later, 2, and 1. A file that says version 3 is not migrated, so only the first counts. */
const criPlugins: readonly string[] = ["io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri", "cri"];

/** What a file says, or the end of a sentence that says why it cannot be read. */
export function readContainerdConfig(text: string): Result<ContainerdCni> {
  const parsed = parseToml(text);
  if (parsed.kind === "fault") return parsed;
  const document = parsed.value;
  const cni = (key: string): readonly Found[] => findCni(text, document, key);
  return ok({
    confDir: cni("conf_dir")[0],
    binDir: cni("bin_dir")[0],
    binDirs: cni("bin_dirs"),
    imports: tomlTexts(document.imports),
    isCriDisabled: tomlTexts(document.disabled_plugins).some((plugin) => criPlugins.includes(plugin)),
  });
}

/** The absolute paths a key of the CRI plugin's `cni` table names, each with its line. */
function findCni(text: string, document: JsonObject, key: string): readonly Found[] {
  const isMigrated = !(typeof document.version === "number" && document.version >= 3);
  for (const plugin of isMigrated ? criPlugins : criPlugins.slice(0, 1)) {
    const dirs = tomlDirs({ text, document }, ["plugins", plugin, "cni", key]);
    if (dirs.length > 0) return dirs;
  }
  return [];
}
