// Loads the configuration: file < environment < flags, checked as a whole, every fault reported at once. The YAML and
// schema libraries are loaded only when a file or a variable is there to be read with them. The file is the one `--config` names,
// else HEADCNI_CONFIG, else /etc/headcni/config.yaml; one that is named must exist, the default one need not.

import { ConfigError, type ConfigIssue, expected, type HeadcniErrorOptions } from "../sys/errors.ts";
import { createFiles } from "../sys/fs/files.ts";
import { sha256Hex } from "../sys/fs/sha256.ts";
import { absolutePath } from "../sys/machine.ts";
import type { System } from "../sys/system.ts";
import type { LoadedConfig } from "./config.ts";
import { defaultConfig, defaultConfigFile } from "./defaults.ts";
import type { Evaluated } from "./evaluate.ts";
import type { ConfigFlag } from "./layers.ts";
import { readNodeName } from "./values.ts";

/** Flags of the command line that set a configuration key. */
interface ConfigFlags {
  /** `--node-name` */
  readonly nodeName?: string | undefined;
}

/** A file is named by a flag, or is itself what a command takes. */
type NamedBy = "--config" | "the command line";

export interface LoadConfigOptions {
  /** The file, when one was named. */
  readonly path?: string | undefined;
  /** What named it. */
  readonly namedBy?: NamedBy | undefined;
  readonly flags?: ConfigFlags | undefined;
  /** Finds more faults, which are listed with the others. */
  readonly check?: ((loaded: LoadedConfig) => readonly ConfigIssue[]) | undefined;
  /** Hands ranges that conflict over as `conflict`, for a node on which a PodCIDR may be in force. @default false */
  readonly toleratesConflicts?: boolean | undefined;
}

/**
 * The configuration of this node. No file at the default path is fine: defaults then.
 * @throws ConfigError HC_CONFIG_FILE when a file that was named is missing or any file unreadable, HC_CONFIG_INVALID with
 *   every fault in file, environment and flags.
 */
export async function loadConfig(system: System, options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  return readLayers(system, options).load();
}

/**
 * A `loadConfig` that evaluates only when file, environment or flags differ from those of the last call, right or wrong: a caller
 * that polls does not work through a map of thousands of nodes each time.
 */
export function createConfigLoader(): (
  system: System,
  options: Omit<LoadConfigOptions, "check">,
) => Promise<LoadedConfig> {
  let last: { readonly fingerprint: string; readonly loaded: Promise<LoadedConfig> } | undefined;
  return async (system, options) => {
    const { fingerprint, load } = readLayers(system, options);
    if (last?.fingerprint !== fingerprint) last = { fingerprint, loaded: load() };
    return last.loaded;
  };
}

interface ReadLayers {
  /** Equal for everything that gives the same configuration. */
  readonly fingerprint: string;
  load(): Promise<LoadedConfig>;
}

function readLayers(system: System, options: LoadConfigOptions): ReadLayers {
  const { path, namedBy, flags: given, check, toleratesConflicts = false } = options;
  const read = readConfigFile(system, path, namedBy);
  const { file, hostFile, text } = read;
  const passedOver = fileOutside(system, read);
  const env = Object.fromEntries(Object.entries(system.env).filter(([variable]) => isOurs(variable)));
  const flags = toFlags(given);
  const load = async (): Promise<LoadedConfig> => {
    if (text === undefined && Object.keys(env).length === 0) {
      const config = withoutFile(given);
      if (config !== undefined)
        return withPassedOver({ ...config, file: undefined, hostFile, warnings: [] }, passedOver);
    }
    const document = text === undefined ? undefined : (await import("./yaml-file.ts")).parseYamlFile(text, file);
    const { evaluate } = await import("./evaluate.ts");
    const asLoaded = (evaluated: Evaluated): LoadedConfig => {
      return withPassedOver({ ...evaluated, file: text === undefined ? undefined : file, hostFile }, passedOver);
    };
    const checkLoaded = (evaluated: Evaluated): readonly ConfigIssue[] => check?.(asLoaded(evaluated)) ?? [];
    return asLoaded(evaluate({ document, file, env, flags }, { check: checkLoaded, toleratesConflicts }));
  };
  return { fingerprint: sha256Hex(JSON.stringify([file, hostFile, text, env, flags, passedOver])), load };
}

/** The configuration of a node that only has flags, read without the schema; undefined when the schema must name a fault. */
function withoutFile({ nodeName }: ConfigFlags = {}): Pick<LoadedConfig, "config" | "origins"> | undefined {
  if (nodeName === undefined) return { config: defaultConfig, origins: new Map() };
  const name = readNodeName(nodeName);
  if (name.kind === "fault") return undefined;
  return { config: { ...defaultConfig, nodeName: name.value }, origins: new Map([["nodeName", nodeNameFlag]]) };
}

const nodeNameFlag = { source: "flag", flag: "--node-name" } as const;

function toFlags({ nodeName }: ConfigFlags = {}): readonly ConfigFlag[] {
  return nodeName === undefined ? [] : [{ flag: nodeNameFlag.flag, key: "nodeName", value: nodeName }];
}

/** They say where to look, and set no key. */
const aboutWhere: readonly string[] = ["HEADCNI_CONFIG", "HEADCNI_ROOT"];

function isOurs(variable: string): boolean {
  return variable.startsWith("HEADCNI_") && !aboutWhere.includes(variable);
}

/** A hundred times the longest useful configuration. */
const maxBytes = 1 << 20;

export interface ConfigFile {
  /** Path on the node. */
  readonly file: string;
  /** Path on this machine. */
  readonly hostFile: string;
  /** Undefined when there is no file, which only the default path allows. */
  readonly text: string | undefined;
}

/**
 * The file as it is, right or wrong. With another root than "/", a file that was named is looked for under the root first, then outside of it: both
 * `--config /etc/headcni/other.yaml` and a path that the shell completed work.
 * @throws ConfigError HC_CONFIG_FILE when it is missing, unreadable, too large or not UTF-8 text.
 */
export function readConfigFile(system: System, path: string | undefined, namedBy: NamedBy = "--config"): ConfigFile {
  const asked = path === undefined ? askedByEnv(system) : { path, by: namedBy };
  if (asked === undefined) return readAt(system, defaultConfigFile);
  if (asked.path === "") {
    throw fileError(
      `Cannot read the configuration: ${asked.by === "the command line" ? "the name of the file" : asked.by} is empty`,
      { hint: "name a file or leave it out" },
    );
  }
  const file = absolutePath(asked.path);
  const candidates = [system, ...(system.files.root === "/" ? [] : [{ files: createFiles("/") }])];
  for (const candidate of candidates) {
    const found = readAt(candidate, file);
    if (found.text !== undefined) return found;
  }
  const hint = `create the file, or name another ${asked.by === "the command line" ? "on" : "with"} ${asked.by}`;
  throw fileError(`Cannot read the configuration ${file}, named by ${asked.by}: it does not exist`, { hint });
}

/**
 * Under a root, as in a container with the node's files at /host, a file at the same path outside of it is easily taken for the one
 * that counts. Undefined where there is none, or it is the one that was read.
 */
function fileOutside(system: System, { file, hostFile, text }: ConfigFile): ConfigIssue | undefined {
  const { root } = system.files;
  if (root === "/" || hostFile === file || !isAnotherFile(file, hostFile)) return undefined;
  const what = `of this machine is not read: with --root ${root} the configuration is ${hostFile}`;
  const message =
    text === undefined
      ? `${what}, which does not exist. If this one shall count, name it with --config ${file}`
      : `${what}. If the other shall count, give it a path of its own and name that with --config`;
  return { path: "", file, message };
}

function isAnotherFile(outside: string, read: string): boolean {
  const files = createFiles("/");
  try {
    const [other, ours] = [files.stat(outside), files.stat(read)];
    return other?.kind === "file" && (other.inode !== ours?.inode || other.mtimeNs !== ours.mtimeNs);
  } catch (error) {
    // What cannot be looked at is no file that anybody takes for the one in force.
    expected(error);
    return false;
  }
}

function withPassedOver(loaded: LoadedConfig, passedOver: ConfigIssue | undefined): LoadedConfig {
  return passedOver === undefined ? loaded : { ...loaded, warnings: [passedOver, ...loaded.warnings], passedOver };
}

function askedByEnv(system: System): { path: string; by: string } | undefined {
  const path = system.env.HEADCNI_CONFIG;
  return path === undefined ? undefined : { path, by: "HEADCNI_CONFIG" };
}

function readAt({ files }: Pick<System, "files">, file: string): ConfigFile {
  try {
    const bytes = files.readIfPresent(file, maxBytes);
    return { file, hostFile: files.hostPath(file), text: bytes === undefined ? undefined : decode(file, bytes) };
  } catch (error) {
    expected(error);
    if (error instanceof ConfigError) throw error;
    throw fileError(`Cannot use the configuration. ${error.message}`, { cause: error });
  }
}

function decode(file: string, bytes: Uint8Array): string {
  const hasUtf16Mark = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const isOther = hasUtf16Mark || bytes.includes(0);
  if (!isOther) {
    try {
      return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
  const what = isOther ? "it is not UTF-8 text but UTF-16 or binary" : "it is not UTF-8 text";
  throw fileError(`Cannot read the configuration ${file}: ${what}`, { hint: "save the file as UTF-8" });
}

function fileError(message: string, options: Pick<HeadcniErrorOptions, "hint" | "cause">): ConfigError {
  return new ConfigError("HC_CONFIG_FILE", message, [], options);
}
