// CRI-O's configuration as CRI-O puts it together (pkg/config/config.go, internal/criocli/criocli.go): built-in defaults, crio.conf,
// every file under crio.conf.d whatever its extension, in the order of names and deeper directories in their place, then environment
// and flags of its service. A later value replaces an earlier one, lists too.

import { readEnvironmentFile } from "../programs/environment-file.ts";
import { readService, type ServiceCommand } from "../programs/service-command.ts";
import { flagValue, flagValues, splitWords, type Word } from "../programs/word.ts";
import type { Files } from "../sys/fs/files.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { tomlAt } from "../sys/toml.ts";
import { type CniDir, type CniDirs, cniDir, defaultConfDir, orDefault } from "./cni-dirs.ts";
import { readTomlFile, type TomlFile, tomlDirs } from "./toml-dirs.ts";

const units = ["crio.service", "cri-o.service"] as const;
const optionFiles = ["/etc/sysconfig/crio", "/etc/default/crio"] as const;
const mainFile = "/etc/crio/crio.conf";
const dropInDir = "/etc/crio/crio.conf.d";
/** Deeper than any packaging goes, and an end to loops of mounts. */
const maxDepth = 8;

/** What CRI-O reads; undefined when neither a file nor a flag of its says anything. */
export function readCrioDirs(system: System): CniDirs | undefined {
  const service = findService(system);
  const { words, env } = service;
  const main = flagValue(words, "--config", "-c") ?? env.get("CONTAINER_CONFIG");
  const dir = flagValue(words, "--config-dir", "-d") ?? env.get("CONTAINER_CONFIG_DIR");
  const paths = [main?.text ?? mainFile, ...filesUnder(system.files, dir?.text ?? dropInDir)];
  const files = paths.flatMap((path) => {
    const toml = path === "" ? undefined : readTomlFile(system, path, "CRI-O");
    return toml === undefined ? [] : [{ path, toml }];
  });
  if (files.length === 0 && words.length === 0) return undefined;
  return merge(files, service);
}

/** Without a unit, what the packages' units would read. */
function findService(system: System): Omit<ServiceCommand, "files"> {
  const found = units.map((unit) => readService(system, unit)).find(({ words }) => words.length > 0);
  const options = optionFiles.flatMap((file) => [...readEnvironmentFile(system, file)]);
  return found ?? { words: options.flatMap(([, value]) => splitWords(value)), env: new Map(options) };
}

interface ReadFile {
  readonly path: string;
  readonly toml: TomlFile;
}

function merge(files: readonly ReadFile[], service: Omit<ServiceCommand, "files">): CniDirs {
  const main = files[0]?.path;
  const flags = flagDirs(service);
  const last = (key: string): readonly CniDir[] | undefined => files.map((file) => dirsOf(file, key)).findLast(Boolean);
  const listed = flags.binDirs ?? last("plugin_dirs") ?? orDefault([], main);
  return {
    runtime: "CRI-O",
    confDir: flags.confDir ?? last("network_dir")?.[0] ?? { path: defaultConfDir, file: main },
    // The older `plugin_dir` is searched after the list, and after the default where there is no list.
    binDirs: orDefault([...listed, ...(last("plugin_dir") ?? [])], main),
  };
}

/** Undefined where the file does not have the key: an empty list replaces an earlier one, and CRI-O then falls back on its default. */
function dirsOf({ path, toml }: ReadFile, key: string): readonly CniDir[] | undefined {
  const at = ["crio", "network", key];
  if (tomlAt(toml.document, at) === undefined) return undefined;
  return tomlDirs(toml, at).map((found) => cniDir({ ...found, file: path }));
}

interface FlagDirs {
  readonly confDir?: CniDir | undefined;
  readonly binDirs?: readonly CniDir[] | undefined;
}

function flagDirs({ words, env }: Omit<ServiceCommand, "files">): FlagDirs {
  const toDir = ({ text, file, line }: Word): CniDir => cniDir({ value: text, file, line });
  const confDir = flagValue(words, "--cni-config-dir") ?? env.get("CONTAINER_CNI_CONFIG_DIR");
  const written = flagValues(words, "--cni-plugin-dir");
  const bins = (written.length > 0 ? written : [env.get("CONTAINER_CNI_PLUGIN_DIR") ?? []].flat()).flatMap((word) =>
    word.text.split(",").map((text) => ({ ...word, text: text.trim() })),
  );
  return {
    confDir: confDir === undefined ? undefined : toDir(confDir),
    binDirs: bins.length === 0 ? undefined : bins.map(toDir),
  };
}

/** The files of a directory and of those in it, as Go's filepath.Walk meets them; a link to a directory is not entered. */
function filesUnder(files: Files, dir: string, depth = 0): readonly string[] {
  if (files.stat(dir)?.kind !== "directory" || depth > maxDepth) return [];
  return (files.list(dir) ?? []).flatMap((name) => {
    const path = join(dir, name);
    return files.lstat(path)?.kind === "directory" ? filesUnder(files, path, depth + 1) : [path];
  });
}
