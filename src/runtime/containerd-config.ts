// The few keys of one file of containerd's configuration (config.toml, version 1 to 4) that say where its CNI directories are. Pure.

import type { JsonObject } from "../sys/json.ts";
import { ok, type Result } from "../sys/result.ts";
import { lineOfToml, parseToml, tomlAt } from "../sys/toml.ts";

/** A value and the line it stands in, from 1. */
export interface Found {
  readonly value: string;
  readonly line: number;
}

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

/** Ids of the CRI plugin: config version 3 and later, 2, and 1. */
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
    imports: texts(document.imports),
    isCriDisabled: texts(document.disabled_plugins).some((plugin) => criPlugins.includes(plugin)),
  });
}

/** The absolute paths a key of the CRI plugin's `cni` table names, each with its line. */
function findCni(text: string, document: JsonObject, key: string): readonly Found[] {
  for (const plugin of criPlugins) {
    const path = ["plugins", plugin, "cni", key];
    const dirs = texts(tomlAt(document, path)).filter((dir) => dir.startsWith("/"));
    if (dirs.length > 0) return withLines(text, path, dirs);
  }
  return [];
}

/** A list may go on over lines, so each of its items is looked for from the line of the one before it on. */
function withLines(text: string, path: readonly string[], dirs: readonly string[]): readonly Found[] {
  const keyLine = lineOfToml(text, path);
  const lines = text.split("\n");
  let last = keyLine - 1;
  return dirs.map((value) => {
    const holds = (line: string): boolean => line.includes(`"${value}"`) || line.includes(`'${value}'`);
    const at = lines.findIndex((line, index) => index >= last && holds(line));
    // One that is written with escapes stands where the one before it does, at the worst.
    last = Math.max(at, last);
    return { value, line: last + 1 };
  });
}

/** The texts of a value that is a text or a list. */
function texts(value: unknown): readonly string[] {
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  return items.filter((item) => typeof item === "string");
}
