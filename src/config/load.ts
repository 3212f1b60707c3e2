// Loads the configuration: file < environment < flags, checked as a whole, every fault reported at once. The YAML and
// schema libraries are loaded only when there is something to read with them.

import type { ConfigIssue } from "../sys/errors.ts";
import { sha256Hex } from "../sys/fs/hash.ts";
import type { System } from "../sys/system.ts";
import type { LoadedConfig } from "./config.ts";
import { defaultConfig } from "./defaults.ts";
import type { Evaluated } from "./evaluate.ts";
import { readConfigFile } from "./file.ts";
import type { ConfigFlag } from "./layers.ts";
import { readNodeName } from "./values.ts";

/** Flags of the command line that set a configuration key. */
export interface ConfigFlags {
  /** `--node-name` */
  readonly nodeName?: string | undefined;
}

export interface LoadOptions {
  /** Value of `--config`. */
  readonly path?: string | undefined;
  readonly flags?: ConfigFlags | undefined;
  /** Finds more faults, which are listed with the others. */
  readonly check?: ((loaded: LoadedConfig) => readonly ConfigIssue[]) | undefined;
}

/**
 * The configuration of this node. No file at the default path is fine: defaults then.
 * @throws ConfigError HC_CONFIG_FILE when a file that was named is missing or any file unreadable, HC_CONFIG_INVALID with
 *   every fault in file, environment and flags.
 */
export async function loadConfig(system: System, options: LoadOptions = {}): Promise<LoadedConfig> {
  return readLayers(system, options).load();
}

/**
 * Loads like `loadConfig`, and evaluates nothing again that is what it was the last time, right or wrong: who looks again and
 * again must not work through a map of thousands of nodes each time.
 */
export function createConfigLoader(): (system: System, options: Omit<LoadOptions, "check">) => Promise<LoadedConfig> {
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

function readLayers(system: System, { path, flags: given, check }: LoadOptions): ReadLayers {
  const { file, hostFile, text } = readConfigFile(system, path);
  const env = Object.fromEntries(Object.entries(system.env).filter(([variable]) => isOurs(variable)));
  const flags = toFlags(given);
  const load = async (): Promise<LoadedConfig> => {
    if (text === undefined && Object.keys(env).length === 0) {
      const config = withoutFile(given);
      if (config !== undefined) return { ...config, file: undefined, hostFile, warnings: [] };
    }
    const document = text === undefined ? undefined : (await import("./yaml-file.ts")).parseYamlFile(text, file);
    const { evaluate } = await import("./evaluate.ts");
    const asLoaded = (evaluated: Evaluated): LoadedConfig => {
      return { ...evaluated, file: text === undefined ? undefined : file, hostFile };
    };
    return asLoaded(evaluate({ document, file, env, flags }, (evaluated) => check?.(asLoaded(evaluated)) ?? []));
  };
  return { fingerprint: sha256Hex(JSON.stringify([file, hostFile, text, env, flags])), load };
}

/** The configuration that only flags speak of, read without the schema; undefined when they are wrong and it must say so. */
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

function isOurs(variable: string): boolean {
  return variable.startsWith("HEADCNI_") && variable !== "HEADCNI_CONFIG";
}
