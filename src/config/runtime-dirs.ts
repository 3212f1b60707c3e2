// The directories from which the runtime of this node reads CNI configurations and plugins: those the operator set, else those of
// the runtime's own configuration, else those that exist on the disk.

import { chooseRuntime, type RuntimeChoice } from "../runtime/choose-runtime.ts";
import { type CniDir, defaultBinDir, defaultConfDir, withoutSlash } from "../runtime/cni-dirs.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import type { ConfigOrigin, LoadedConfig } from "./config.ts";
import { defaultConfig } from "./defaults.ts";

/** Origin of a directory. Of a runtime's without `line` it is the runtime's default: its configuration names none. */
type DirSource =
  | { readonly kind: "config"; readonly origin: ConfigOrigin }
  | { readonly kind: "runtime"; readonly runtime: string; readonly file?: string; readonly line?: number }
  | { readonly kind: "found" }
  /** `why` is a phrase: `no runtime's configuration found`. */
  | { readonly kind: "default"; readonly why: string };

export interface RuntimeDirs {
  /** Directory of the conflists. */
  readonly confDir: string;
  /** Directory of the plugins. */
  readonly binDir: string;
  readonly confDirFrom: DirSource;
  readonly binDirFrom: DirSource;
  /** Directories that the operator set and the runtime does not use. */
  readonly disagreements: readonly DirDisagreement[];
  /** What else was found out, in sentences: which runtime counts and why, what was passed over, and disagreements. */
  readonly notes: readonly string[];
}

/** A configured directory, and the other one in the runtime's own configuration. */
export interface DirDisagreement {
  readonly key: "cni.confDir" | "cni.binDir";
  readonly written: string;
  /** For people: `CRI-O`. */
  readonly runtime: string;
  readonly used: string;
  readonly from: DirSource;
}

/** Where distributions put the plugins: the CNI project, Debian, Fedora. */
const usualBinDirs: readonly string[] = [defaultBinDir, "/usr/lib/cni", "/usr/libexec/cni"];

interface Dir {
  readonly path: string;
  readonly from: DirSource;
}

/** The directories of this node. Files that cannot be read are skipped with a warning in the log. */
export function detectRuntimeDirs(system: System, loaded: Pick<LoadedConfig, "config" | "origins">): RuntimeDirs {
  const written = (key: "confDir" | "binDir"): Dir | undefined => {
    const origin = loaded.origins.get(`cni.${key}`);
    return origin === undefined ? undefined : { path: loaded.config.cni[key], from: { kind: "config", origin } };
  };
  const confDir = written("confDir");
  const binDir = written("binDir");
  const choice = chooseRuntime(system);
  const detected = detect(system, choice);
  const conf = confDir ?? detected.confDir;
  const bin = binDir ?? detected.binDir;
  const disagreements = [
    ...differing("cni.confDir", confDir, [detected.confDir]),
    ...differing("cni.binDir", binDir, detected.binDirs),
  ];
  return {
    confDir: conf.path,
    binDir: bin.path,
    confDirFrom: conf.from,
    binDirFrom: bin.from,
    disagreements,
    notes: [...notesOn(choice, bin.path), ...disagreements.map(describeDisagreement)],
  };
}

/** Only a runtime's configuration can disagree with the operator's; directories that merely exist cannot. */
function differing(key: DirDisagreement["key"], written: Dir | undefined, used: readonly Dir[]): DirDisagreement[] {
  const [first] = used;
  if (written === undefined || first?.from.kind !== "runtime") return [];
  if (used.some(({ path }) => path === withoutSlash(written.path))) return [];
  return [{ key, written: written.path, runtime: first.from.runtime, used: first.path, from: first.from }];
}

/** Those of the runtime alone, where the configuration cannot be used. */
export function detectDirsWithoutConfig(system: System): RuntimeDirs {
  return detectRuntimeDirs(system, { config: defaultConfig, origins: new Map() });
}

/** The configuration with the directories of this node in place of those it was loaded with. */
export function withRuntimeDirs(loaded: LoadedConfig, { confDir, binDir }: RuntimeDirs): LoadedConfig {
  const { config } = loaded;
  return { ...loaded, config: { ...config, cni: { ...config.cni, confDir, binDir } } };
}

/** The origin of a directory as a phrase: `/etc/containerd/config.toml:7`. */
export function describeDirSource(source: DirSource): string {
  switch (source.kind) {
    case "config":
      return "the configuration";
    case "runtime": {
      const { runtime, file, line } = source;
      if (file === undefined) return `${runtime}'s default (it has no configuration that can be read)`;
      return line === undefined ? `${runtime}'s default (${file} names none)` : `${file}:${line}`;
    }
    case "found":
      return "found on this node";
    case "default":
      return `default (${source.why})`;
  }
}

/** `cni.binDir is /a, and containerd's is /b (/etc/containerd/config.toml:7)`. */
export function describeDisagreement({ key, written, runtime, used, from }: DirDisagreement): string {
  return `${key} is ${written}, and ${runtime}'s is ${used} (${describeDirSource(from)})`;
}

interface Detected {
  readonly confDir: Dir;
  /** Of those that are searched the first that holds bridge, else the first. */
  readonly binDir: Dir;
  readonly binDirs: readonly Dir[];
}

function detect(system: System, choice: RuntimeChoice): Detected {
  const holdsBridge = ({ path }: { readonly path: string }): boolean =>
    system.files.stat(join(path, "bridge"))?.kind === "file";
  switch (choice.kind) {
    case "chosen": {
      const { runtime, confDir, binDirs } = choice.dirs;
      const toDir = ({ path, file, line }: CniDir): Dir => ({
        path,
        from: { kind: "runtime", runtime, ...(file !== undefined && { file }), ...(line !== undefined && { line }) },
      });
      const bin = binDirs.find(holdsBridge) ?? binDirs[0];
      return { confDir: toDir(confDir), binDir: toDir(bin), binDirs: binDirs.map(toDir) };
    }
    case "found": {
      const toDir = (path: string): Dir => ({ path, from: { kind: "found" } });
      const binDir = toDir(choice.binDir);
      return { confDir: toDir(choice.confDir), binDir, binDirs: [binDir] };
    }
    case "unknown": {
      const from: DirSource = { kind: "default", why: choice.why };
      const path = usualBinDirs.find((candidate) => holdsBridge({ path: candidate }));
      const binDir: Dir = path === undefined ? { path: defaultBinDir, from } : { path, from: { kind: "found" } };
      return { confDir: { path: defaultConfDir, from }, binDir, binDirs: [binDir] };
    }
  }
}

function notesOn(choice: RuntimeChoice, binDir: string): readonly string[] {
  if (choice.kind !== "chosen") return [];
  const { dirs, because, passedOver } = choice;
  const all = dirs.binDirs.map(({ path }) => path);
  const others = all.includes(withoutSlash(binDir)) ? all.filter((path) => path !== withoutSlash(binDir)) : [];
  return [
    `${dirs.runtime} makes this node's pods: ${because}`,
    ...(others.length === 0
      ? []
      : [`${dirs.runtime} looks for plugins in ${others.join(", ")} too; cni.binDir is one directory`]),
    ...passedOver.map((other) => `the configuration of ${other} does not count`),
  ];
}
