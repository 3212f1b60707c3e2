// podman's configuration as podman puts it together for root (containers/common, pkg/config/new.go): containers.conf of the package, of
// the machine, and the machine's drop-ins; a later value replaces an earlier one, a list with `{append=true}` adds to it. Only its
// backend "cni" reads CNI configurations; "netavark", podman's own since 4.0 and its only one since 5.0, has files of its own.

import { expected } from "../sys/errors.ts";
import { join } from "../sys/fs/path.ts";
import { isJsonObject } from "../sys/json.ts";
import type { System } from "../sys/system.ts";
import { lineOfToml, tomlAt } from "../sys/toml.ts";
import { type CniDir, type CniDirs, cniDir, defaultConfDir, orDefault } from "./cni-dirs.ts";
import { readTomlFile, type TomlFile, tomlDirs } from "./toml-dirs.ts";

export type PodmanDirs =
  | { readonly kind: "absent" }
  /** `by` names what says so: a file and line, or a program. */
  | { readonly kind: "netavark"; readonly by: string }
  | { readonly kind: "cni"; readonly dirs: CniDirs };

const mainFiles = ["/usr/share/containers/containers.conf", "/etc/containers/containers.conf"] as const;
const dropInDir = "/etc/containers/containers.conf.d";
const programs = ["/usr/bin/podman", "/usr/local/bin/podman"] as const;
/** Which backend podman chose when it first ran: it does not change it later. */
const chosenBackend = "/var/lib/containers/storage/defaultNetworkBackend";
const netavarkPrograms: readonly string[] = ["/usr/local/libexec", "/usr/local/lib", "/usr/libexec", "/usr/lib"].map(
  (dir) => `${dir}/podman/netavark`,
);
const defaultBinDirs: readonly string[] = [
  "/usr/local/libexec/cni",
  "/usr/libexec/cni",
  "/usr/local/lib/cni",
  "/usr/lib/cni",
  "/opt/cni/bin",
];

interface ReadFile {
  readonly path: string;
  readonly toml: TomlFile;
}

/** What podman reads. Its files alone are no podman: CRI-O and others bring them too, so it or a word on networks must be there. */
export function readPodmanDirs(system: System): PodmanDirs {
  const dropIns = system.files.stat(dropInDir)?.kind === "directory" ? (system.files.list(dropInDir) ?? []) : [];
  const paths = [
    ...mainFiles,
    ...dropIns.filter((name) => name.endsWith(".conf")).map((name) => join(dropInDir, name)),
  ];
  const files = paths.flatMap((path) => {
    const toml = readTomlFile(system, path, "podman");
    return toml === undefined ? [] : [{ path, toml }];
  });
  const isThere = programs.some((path) => system.files.stat(path)?.kind === "file");
  const says = (key: string): boolean => files.some(({ toml }) => networkKey(toml, key) !== undefined);
  if (!isThere && !["network_backend", "cni_plugin_dirs"].some(says)) return { kind: "absent" };
  const netavark = netavarkBy(system, files);
  if (netavark !== undefined) return { kind: "netavark", by: netavark };
  const main = files.at(-1)?.path;
  const defaults = defaultBinDirs.map((path): CniDir => ({ path, file: main }));
  return {
    kind: "cni",
    dirs: {
      runtime: "podman",
      confDir: confDirOf(files) ?? { path: defaultConfDir, file: main },
      binDirs: orDefault(binDirsOf(files, defaults), main),
    },
  };
}

/** What says that podman uses netavark; undefined when it reads CNI. */
function netavarkBy(system: System, files: readonly ReadFile[]): string | undefined {
  const written = files.findLast(({ toml }) => (networkKey(toml, "network_backend") ?? "") !== "");
  if (written !== undefined) {
    if (networkKey(written.toml, "network_backend") === "cni") return undefined;
    return `${written.path}:${lineOfToml(written.toml.text, ["network", "network_backend"])}`;
  }
  const chosen = readChoice(system);
  if (chosen !== undefined) return chosen === "cni" ? undefined : chosenBackend;
  return netavarkPrograms.find((path) => system.files.stat(path)?.kind === "file");
}

function readChoice({ files, log }: System): string | undefined {
  try {
    const bytes = files.readIfPresent(chosenBackend, 64);
    return bytes === undefined ? undefined : new TextDecoder().decode(bytes).trim();
  } catch (error) {
    expected(error);
    log.warn("ProgramConfigSkipped", `Passed over a podman configuration: ${error.message}`);
    return undefined;
  }
}

function confDirOf(files: readonly ReadFile[]): CniDir | undefined {
  const dirs = files.flatMap(({ path, toml }) =>
    tomlDirs(toml, ["network", "network_config_dir"]).map((found) => cniDir({ ...found, file: path })),
  );
  return dirs.at(-1);
}

function binDirsOf(files: readonly ReadFile[], defaults: readonly CniDir[]): readonly CniDir[] {
  let dirs = defaults;
  let isAppending = false;
  for (const { path, toml } of files) {
    const list = networkKey(toml, "cni_plugin_dirs");
    if (!Array.isArray(list)) continue;
    const named = tomlDirs(toml, ["network", "cni_plugin_dirs"]).map((found) => cniDir({ ...found, file: path }));
    // podman keeps the attribute for the files after this one.
    const attribute = list.find((item) => isJsonObject(item) && typeof item.append === "boolean");
    if (isJsonObject(attribute)) isAppending = attribute.append === true;
    dirs = isAppending ? [...dirs, ...named] : named;
  }
  return dirs.length > 0 ? dirs : defaults;
}

function networkKey({ document }: TomlFile, key: string): unknown {
  return tomlAt(document, ["network", key]);
}
