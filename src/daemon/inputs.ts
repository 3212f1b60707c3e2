// Reads configuration and PodCIDR chain for each pass. Once a daemon runs, a configuration that has become wrong does not stop
// it: the last good one stays in force and a condition says so.

import type { LoadedConfig } from "../config/config.ts";
import type { createConfigLoader } from "../config/load.ts";
import { detectRuntimeDirs, withRuntimeDirs } from "../conflist/runtime-dirs.ts";
import type { PodCIDRAnswer } from "../podcidr/answer.ts";
import { choosePodCIDR } from "../podcidr/choose.ts";
import { resolveNodeName } from "../podcidr/node-name.ts";
import { ConfigError, describeError, HeadcniError } from "../sys/errors.ts";
import type { System } from "../sys/system.ts";
import { type Condition, condition } from "./conditions.ts";

/** What the command line says. */
export interface DaemonFlags {
  /** Path of the configuration file. */
  readonly config?: string | undefined;
  readonly nodeName?: string | undefined;
}

export interface Inputs {
  /** With the folders of this node's runtime. */
  readonly loaded: LoadedConfig;
  readonly answer: PodCIDRAnswer;
  readonly conditions: readonly Condition[];
}

export interface InputOptions extends DaemonFlags {
  /** The loader of this daemon, which knows what it loaded in the last pass. */
  readonly load: ReturnType<typeof createConfigLoader>;
}

/**
 * Reads anew. Without `last` (the first pass) a fault is thrown; with it, what cannot be read stays as it was.
 * @throws ConfigError in the first pass only
 */
export async function readInputs(system: System, options: InputOptions, last: Inputs | undefined): Promise<Inputs> {
  const { load, config: path, nodeName: flag } = options;
  const [loaded, fileFaults] = await orLast(last?.loaded, async () => {
    const written = await load(system, { path, flags: { nodeName: flag } });
    return withRuntimeDirs(written, detectRuntimeDirs(system, written));
  });
  const [answer, valueFaults] = await orLast(last?.answer, async () => {
    const nodeName = resolveNodeName(system, { flag, config: loaded.config.nodeName });
    return choosePodCIDR(system, { nodeName, config: loaded });
  });
  const why = [...fileFaults, ...valueFaults].join("; ");
  const file = loaded.file ?? loaded.hostFile;
  return { loaded, answer, conditions: why === "" ? [] : [condition("ConfigInvalid", { file, why })] };
}

/** What `read` gives, or `last` and what was wrong. */
async function orLast<T>(last: T | undefined, read: () => Promise<T>): Promise<[T, readonly string[]]> {
  try {
    return [await read(), []];
  } catch (error) {
    if (last === undefined || !(error instanceof HeadcniError)) throw error;
    return [last, [faultWords(error)]];
  }
}

/** The error and its issues in one sentence. */
function faultWords(error: HeadcniError): string {
  const issues = error instanceof ConfigError ? error.issues : [];
  if (issues.length === 0) return describeError(error);
  return issues
    .map(({ path, message, line }) => `${line === undefined ? "" : `line ${line}: `}${path} ${message}`.trim())
    .join("; ");
}
