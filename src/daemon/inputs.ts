// Reads configuration and PodCIDR chain for each pass. Once a daemon runs, a configuration that has become wrong does not stop
// it: the last good one stays in force and a condition says so.

import type { LoadedConfig } from "../config/config.ts";
import type { createConfigLoader } from "../config/load.ts";
import { type DirDisagreement, describeDirSource, detectRuntimeDirs, withRuntimeDirs } from "../config/runtime-dirs.ts";
import type { PodCIDRAnswer } from "../podcidr/answer.ts";
import { choosePodCIDR } from "../podcidr/chain.ts";
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
  readonly disagreements: readonly DirDisagreement[];
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
  const [{ loaded, disagreements }, fileFaults] = await orLast<Pick<Inputs, "loaded" | "disagreements">>(
    last,
    async () => {
      const written = await load(system, { path, flags: { nodeName: flag } });
      const dirs = detectRuntimeDirs(system, written);
      return { loaded: withRuntimeDirs(written, dirs), disagreements: dirs.disagreements };
    },
  );
  const [answer, valueFaults] = await orLast(last?.answer, async () => {
    const nodeName = resolveNodeName(system, { flag, config: loaded.config.nodeName });
    return choosePodCIDR(system, { nodeName, config: loaded });
  });
  const why = [...fileFaults, ...valueFaults].join("; ");
  const file = loaded.file ?? loaded.hostFile;
  const conditions = [
    ...(why === "" ? [] : [condition("ConfigInvalid", { file, why })]),
    ...(disagreements.length === 0 ? [] : [condition("RuntimeFolderDiffers", { folders: disagreements.map(inWords) })]),
  ];
  return { loaded, disagreements, answer, conditions };
}

/** `cni.binDir is /a, and containerd's is /b (/etc/containerd/config.toml:7)`. */
function inWords({ key, written, runtime, from }: DirDisagreement): string {
  return `${key} is ${written}, and containerd's is ${runtime} (${describeDirSource(from)})`;
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
