// Loads the configuration: file < environment < flags, checked as a whole, every fault reported at once. The YAML and
// schema libraries are loaded only when there is something to read with them.

import type { System } from "../sys/system.ts";
import type { LoadedConfig } from "./config.ts";
import { defaultConfig } from "./defaults.ts";
import { readConfigFile } from "./file.ts";
import type { ConfigFlag } from "./layers.ts";
import { Problem, readNodeName } from "./values.ts";

/** Flags of the command line that set a configuration key. */
export interface ConfigFlags {
  /** `--node-name` */
  readonly nodeName?: string | undefined;
}

export interface LoadOptions {
  /** Value of `--config`. */
  readonly path?: string | undefined;
  readonly flags?: ConfigFlags | undefined;
}

/**
 * The configuration of this node. No file at the default path is fine: defaults then.
 * @throws ConfigError HC_CONFIG_FILE when a file that was named is missing or any file unreadable, HC_CONFIG_INVALID with
 *   every fault in file, environment and flags.
 */
export async function loadConfig(system: System, options: LoadOptions = {}): Promise<LoadedConfig> {
  const { file, hostFile, text } = readConfigFile(system, options.path);
  const flags = toFlags(options.flags);
  if (text === undefined && !Object.keys(system.env).some(isOurs)) {
    const config = withoutFile(options.flags);
    if (config !== undefined) return { ...config, file: undefined, hostFile, warnings: [] };
  }
  const document = text === undefined ? undefined : (await import("./yaml-file.ts")).parseYamlFile(text, file);
  const { evaluate } = await import("./evaluate.ts");
  const evaluated = evaluate({ document, file, env: system.env, flags });
  return { ...evaluated, file: text === undefined ? undefined : file, hostFile };
}

/** The configuration that only flags speak of, read without the schema; undefined when they are wrong and it must say so. */
function withoutFile({ nodeName }: ConfigFlags = {}): Pick<LoadedConfig, "config" | "origins"> | undefined {
  if (nodeName === undefined) return { config: defaultConfig, origins: new Map() };
  const name = readNodeName(nodeName);
  if (name instanceof Problem) return undefined;
  return { config: { ...defaultConfig, nodeName: name }, origins: new Map([["nodeName", nodeNameFlag]]) };
}

const nodeNameFlag = { source: "flag", flag: "--node-name" } as const;

function toFlags({ nodeName }: ConfigFlags = {}): readonly ConfigFlag[] {
  return nodeName === undefined ? [] : [{ flag: nodeNameFlag.flag, key: "nodeName", value: nodeName }];
}

function isOurs(variable: string): boolean {
  return variable.startsWith("HEADCNI_") && variable !== "HEADCNI_CONFIG";
}
