// What a container runtime reads for CNI: one directory of configurations and those it searches for plugins.

import type { FoundDir } from "./toml-dirs.ts";

/** A directory and the place that names it. */
export interface CniDir {
  readonly path: string;
  /** Without `line`: the main file, which names none. Without either: the runtime has no configuration, or no file says it. */
  readonly file?: string | undefined;
  /** Undefined for the runtime's built-in default. */
  readonly line?: number | undefined;
}

export interface CniDirs {
  /** For people: `CRI-O`. */
  readonly runtime: string;
  readonly confDir: CniDir;
  /** In the order they are searched; at least one. */
  readonly binDirs: BinDirs;
}

export type BinDirs = readonly [CniDir, ...CniDir[]];

/** The defaults that containerd and CRI-O are built with, and podman's first. */
export const defaultConfDir = "/etc/cni/net.d";
export const defaultBinDir = "/opt/cni/bin";

export function cniDir({ value, file, line }: FoundDir): CniDir {
  return { path: withoutSlash(value), file, line };
}

/** Runtimes write their directories with a slash at the end and without. */
export function withoutSlash(path: string): string {
  return path.replace(/\/+$/, "") || "/";
}

/** The directories, or the built-in one when there are none; `file` is the one that does not name others. */
export function orDefault(dirs: readonly CniDir[], file: string | undefined): BinDirs {
  const [first = { path: defaultBinDir, file }, ...rest] = dirs;
  return [first, ...rest];
}
