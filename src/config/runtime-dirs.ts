// The directories from which the runtime of this node reads CNI configurations and plugins: those the operator set, else those of
// containerd's own configuration, else those that exist on the disk.

import { type ContainerdDir, readContainerdDirs } from "../runtime/containerd-files.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import type { ConfigOrigin, LoadedConfig } from "./config.ts";

/** Origin of a directory. Without `line`, `containerd` is its built-in default: its configuration names none. */
type DirSource =
  | { readonly kind: "config"; readonly origin: ConfigOrigin }
  | { readonly kind: "containerd"; readonly file: string; readonly line?: number }
  | { readonly kind: "found" }
  | { readonly kind: "default" };

interface RuntimeDirs {
  /** Directory of the conflists. */
  readonly confDir: string;
  /** Directory of the plugins. */
  readonly binDir: string;
  readonly confDirFrom: DirSource;
  readonly binDirFrom: DirSource;
  /** Directories that the operator set and containerd does not use. */
  readonly disagreements: readonly DirDisagreement[];
}

/** A configured directory, and the other one in containerd's own configuration. */
export interface DirDisagreement {
  readonly key: "cni.confDir" | "cni.binDir";
  readonly written: string;
  readonly runtime: string;
  readonly from: DirSource;
}

/** k3s and RKE2 first: beside them, /etc/containerd belongs to some other containerd, such as Docker's. */
const containerdConfigs: readonly string[] = [
  "/var/lib/rancher/k3s/agent/etc/containerd/config.toml",
  "/var/lib/rancher/rke2/agent/etc/containerd/config.toml",
  "/etc/containerd/config.toml",
];
/** containerd's built-in defaults, and those of CRI-O and the CNI project. */
const defaultConfDir = "/etc/cni/net.d";
const defaultBinDir = "/opt/cni/bin";
/** Where distributions put the plugins: the CNI project, Debian, Fedora. */
const usualBinDirs: readonly string[] = [defaultBinDir, "/usr/lib/cni", "/usr/libexec/cni"];
/** k3s with its own flannel. */
const k3sConfDir = "/var/lib/rancher/k3s/agent/etc/cni/net.d";
const k3sBinDirs: readonly string[] = ["/var/lib/rancher/k3s/data/cni", "/var/lib/rancher/k3s/data/current/bin"];

interface Dir {
  readonly path: string;
  readonly from: DirSource;
}

/** The directories of this node. Files that cannot be read are skipped with a warning in the log. */
export function detectRuntimeDirs(system: System, loaded: LoadedConfig): RuntimeDirs {
  const written = (key: "confDir" | "binDir"): Dir | undefined => {
    const origin = loaded.origins.get(`cni.${key}`);
    return origin === undefined ? undefined : { path: loaded.config.cni[key], from: { kind: "config", origin } };
  };
  const confDir = written("confDir");
  const binDir = written("binDir");
  const detected = detect(system);
  const conf = confDir ?? detected.confDir;
  const bin = binDir ?? detected.binDir;
  const disagreements = [
    ...differing("cni.confDir", confDir, [detected.confDir]),
    ...differing("cni.binDir", binDir, detected.binDirs ?? [detected.binDir]),
  ];
  return { confDir: conf.path, binDir: bin.path, confDirFrom: conf.from, binDirFrom: bin.from, disagreements };
}

/** Only containerd's configuration can disagree with the operator's; directories that merely exist cannot. */
function differing(key: DirDisagreement["key"], written: Dir | undefined, used: readonly Dir[]): DirDisagreement[] {
  const [first] = used;
  if (written === undefined || first?.from.kind !== "containerd") return [];
  if (used.some(({ path }) => path === written.path)) return [];
  return [{ key, written: written.path, runtime: first.path, from: first.from }];
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
    case "containerd":
      return source.line === undefined
        ? `containerd's default (${source.file} names none)`
        : `${source.file}:${source.line}`;
    case "found":
      return "found on this node";
    case "default":
      return "the default";
  }
}

interface Detected {
  readonly confDir: Dir;
  readonly binDir: Dir;
  /** Every plugin directory in containerd's configuration. */
  readonly binDirs?: readonly Dir[];
}

function detect(system: System): Detected {
  for (const file of containerdConfigs) {
    const containerd = readContainerdDirs(system, file);
    if (containerd === undefined || containerd.isCriDisabled) continue;
    const confDir = containerd.confDir === undefined ? undefined : toDir(containerd.confDir);
    const binDirs = containerd.binDirs.map(toDir);
    const bins = binDirs.map(({ path }) => path);
    const binPath = bins.find((path) => hasBridge(system, path)) ?? bins[0];
    const builtIn = (path: string): Dir => ({ path, from: { kind: "containerd", file } });
    return {
      confDir: confDir ?? builtIn(defaultConfDir),
      binDir: binDirs.find(({ path }) => path === binPath) ?? builtIn(defaultBinDir),
      ...(binDirs.length > 0 && { binDirs }),
    };
  }
  if (system.files.stat(k3sConfDir)?.kind === "directory") {
    const path = k3sBinDirs.find((candidate) => hasBridge(system, candidate));
    if (path !== undefined) {
      return { confDir: { path: k3sConfDir, from: { kind: "found" } }, binDir: { path, from: { kind: "found" } } };
    }
  }
  const path = usualBinDirs.find((candidate) => hasBridge(system, candidate));
  return {
    confDir: { path: defaultConfDir, from: { kind: "default" } },
    binDir: path === undefined ? { path: defaultBinDir, from: { kind: "default" } } : { path, from: { kind: "found" } },
  };
}

function toDir({ value, file, line }: ContainerdDir): Dir {
  return { path: value, from: { kind: "containerd", file, line } };
}

function hasBridge(system: System, dir: string): boolean {
  return system.files.stat(join(dir, "bridge"))?.kind === "file";
}
