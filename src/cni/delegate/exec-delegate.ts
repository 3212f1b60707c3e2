// Finds the delegate, runs it and says how it ended. Whatever a program can do wrong ends here as one CniError that names it.

import { linkedTo, whyAbsent } from "../../spec/absent-program.ts";
import { describeError, errnoOf, expected } from "../../sys/errors.ts";
import { join } from "../../sys/fs/path.ts";
import { type JsonObject, tryParseJsonObject } from "../../sys/json.ts";
import { absolutePath, type Env } from "../../sys/machine.ts";
import type { ExecResult } from "../../sys/process/exec.ts";
import { CniError, cniCodes } from "../cni-error.ts";
import type { PluginOutput, PluginSystem } from "../plugin-system.ts";

/** More than any result or error has ever been; a delegate that prints more has lost its way. */
const maxOutputBytes = 1 << 20;
/** As libcni: a program that is just being replaced in place cannot be started for a moment. */
const busyRetry = { attempts: 20, waitMs: 50 } as const;

export interface DelegateRun {
  /** The plugin's name, looked up along `env.CNI_PATH`. */
  readonly type: string;
  readonly config: JsonObject;
  /** The delegate's whole environment. */
  readonly env: Env;
  readonly timeoutMs: number;
  /** A lock that lasts until the delegate and all it started have ended. */
  readonly heldFd?: number | undefined;
}

/** What the delegate said. */
export type DelegateAnswer =
  | { readonly kind: "ok"; readonly stdout: string }
  /** A CNI error of its own: `output` is to go through untouched. */
  | { readonly kind: "refused"; readonly code: number; readonly output: PluginOutput };

/**
 * Runs the delegate for the command in `env.CNI_COMMAND`.
 * @throws CniError 11 when it hung and was killed, 999 when it is missing, cannot be started, was killed, or failed without a
 *   CNI error. With 999 for a program that was not found or not started nothing was changed, else anything may have been.
 */
export async function runDelegate(system: PluginSystem, run: DelegateRun): Promise<DelegateAnswer> {
  const program = findProgram(system, run.type, run.env.CNI_PATH ?? "");
  const result = await startAndWait(system, program, run);
  if (result.stderr !== "") system.warn(result.stderr);
  const command = run.env.CNI_COMMAND ?? "";
  if (result.timedOut) {
    const message = `Delegate ${program} did not finish ${command} within ${run.timeoutMs / 1000} s and was killed`;
    throw new CniError(cniCodes.tryAgainLater, message, printed(result));
  }
  if (result.outputTooLong) {
    const message = `Delegate ${program} printed more than ${maxOutputBytes} bytes for ${command} and was killed`;
    throw new CniError(cniCodes.internal, message, printed(result));
  }
  if (result.signal !== null) {
    throw new CniError(cniCodes.internal, `Delegate ${program} was killed by ${result.signal}`, printed(result));
  }
  if (result.exitCode === 0) return { kind: "ok", stdout: result.stdout };
  const code = errorCodeOf(result.stdout);
  if (code === undefined) {
    const message = `Delegate ${program} failed with exit code ${result.exitCode} and printed no CNI error`;
    throw new CniError(cniCodes.internal, message, printed(result));
  }
  return { kind: "refused", code, output: { exitCode: result.exitCode ?? 1, stdout: result.stdout } };
}

/**
 * The first regular file of that name along the directories, as libcni picks it: its mode is not looked at.
 * @throws CniError 999 naming the directories that were searched.
 */
export function findProgram(system: PluginSystem, type: string, path: string): string {
  const found = tryFindProgram(system, type, path);
  if (found !== undefined) return found;
  const message = `Delegate ${type} not found in ${path}${deadLinks(system, type, path)}`;
  throw new CniError(cniCodes.internal, message, installHint(type));
}

/** What to do about a plugin that is not there. */
export function installHint(type: string): string {
  return `install ${type} (package containernetworking-plugins) into the runtime's plugin folder`;
}

/** The end of a sentence on a program that was not found: the links of its name that lead nowhere. */
export function deadLinks(system: PluginSystem, type: string, path: string): string {
  return candidates(type, path)
    .flatMap((file) => {
      try {
        return linkedTo(system.files, file) === undefined ? [] : [`: ${file} ${whyAbsent(system.files, file)}`];
      } catch {
        // As below.
        return [];
      }
    })
    .join("");
}

function candidates(type: string, path: string): readonly string[] {
  return path
    .split(":")
    .filter((dir) => dir !== "")
    .map((dir) => join(absolutePath(dir), type));
}

/** As `findProgram`, with undefined for a program that is nowhere. */
export function tryFindProgram(system: PluginSystem, type: string, path: string): string | undefined {
  return candidates(type, path).find((file) => isFile(system, file));
}

function isFile(system: PluginSystem, file: string): boolean {
  try {
    return system.files.stat(file)?.kind === "file";
  } catch {
    // A directory that cannot be searched holds nothing that could be run.
    return false;
  }
}

async function startAndWait(system: PluginSystem, program: string, run: DelegateRun): Promise<ExecResult> {
  const env: Record<string, string> = {};
  for (const name in run.env) {
    const value = run.env[name];
    if (value !== undefined) env[name] = value;
  }
  const options = {
    stdin: JSON.stringify(run.config),
    env,
    timeoutMs: run.timeoutMs,
    maxOutputBytes,
    heldFd: run.heldFd,
  };
  for (let attempt = 1; ; attempt++) {
    try {
      return await system.exec.run([system.files.hostPath(program)], options);
    } catch (error) {
      expected(error);
      const errno = errnoOf(error.cause);
      if (errno !== "ETXTBSY" || attempt === busyRetry.attempts) {
        const message = `Delegate ${program} cannot be started: ${describeError(error.cause)}`;
        throw new CniError(cniCodes.internal, message, startHint(errno, program));
      }
      await system.clock.sleep(busyRetry.waitMs);
    }
  }
}

function startHint(errno: string | undefined, program: string): string | undefined {
  if (errno === "EACCES") return `make it executable (chmod 755 ${program}), on a file system mounted without noexec`;
  if (errno === "ENOENT") return `the file is there, so what is missing is the interpreter or loader it names`;
  return undefined;
}

/** The code of a CNI error, if that is what was printed. */
function errorCodeOf(stdout: string): number | undefined {
  const code = tryParseJsonObject(stdout)?.code;
  return typeof code === "number" ? code : undefined;
}

/** The end of what a program printed, for a person to read. */
function printed({ stdout, stderr }: ExecResult): string | undefined {
  const parts = [
    ["stderr", stderr],
    ["stdout", stdout],
  ].flatMap(([name, text]) => (text === undefined || text.trim() === "" ? [] : [`${name}: ${tail(text.trim())}`]));
  return parts.length === 0 ? undefined : parts.join("; ");
}

function tail(text: string, length = 500): string {
  return text.length > length ? `…${text.slice(-length)}` : text;
}
