// Finds and reads the configuration file: `--config`, else HEADCNI_CONFIG, else /etc/headcni/config.yaml. A file that was
// asked for must be there; the default one need not.

import { ConfigError, HeadcniError, type HeadcniErrorOptions } from "../sys/errors.ts";
import { createFiles } from "../sys/fs/files.ts";
import { absolutePath, type System } from "../sys/system.ts";
import { defaultConfigFile } from "./defaults.ts";

/** A hundred times the longest sensible configuration. */
const maxBytes = 1 << 20;

export interface ConfigFile {
  /** As the operator knows it. */
  readonly file: string;
  /** Where it lies on this machine. */
  readonly hostFile: string;
  /** Undefined when there is no file, which only the default path allows. */
  readonly text: string | undefined;
}

/**
 * With another root than "/", a file that was asked for is looked for under the root first, then where the path leads
 * outside of it: both `--config /etc/headcni/other.yaml` and a path typed with the shell's help are meant so.
 * @throws ConfigError HC_CONFIG_FILE when it is missing, unreadable, too large or not UTF-8 text.
 */
export function readConfigFile(system: System, path: string | undefined): ConfigFile {
  const asked = path === undefined ? askedByEnv(system) : { path, by: "--config" };
  if (asked === undefined) return readAt(system, defaultConfigFile);
  if (asked.path === "") {
    throw fileError(`Cannot read the configuration: ${asked.by} is empty`, { hint: "name a file or leave it out" });
  }
  const file = absolutePath(asked.path);
  const candidates = [system, ...(system.files.root === "/" ? [] : [{ files: createFiles("/") }])];
  for (const candidate of candidates) {
    const found = readAt(candidate, file);
    if (found.text !== undefined) return found;
  }
  const hint = `create the file, or name another with ${asked.by}`;
  throw fileError(`Cannot read the configuration ${file}, named by ${asked.by}: it does not exist`, { hint });
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
    if (!(error instanceof HeadcniError) || error instanceof ConfigError) throw error;
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
