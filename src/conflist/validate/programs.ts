// The programs a conflist calls: whether each lies in the plugin directory, can be run, and speaks the conflist's version of
// the specification.

import { linkedTo, whyAbsent } from "../../spec/absent-program.ts";
import type { PluginEntry } from "../../spec/conflist.ts";
import type { ConflistProblem } from "../../spec/problem.ts";
import type { AskVersions } from "../../spec/remember-versions.ts";
import { startFailure, tryByHand } from "../../spec/start-failure.ts";
import { isSupportedVersion } from "../../spec/versions.ts";
import { expected } from "../../sys/errors.ts";
import { dirname, join } from "../../sys/fs/path.ts";
import { removedMount } from "../../sys/fs/unwritable.ts";
import { isJsonObject, type JsonObject } from "../../sys/json.ts";
import type { Result } from "../../sys/result.ts";
import type { System } from "../../sys/system.ts";

/** A program and where the conflist first asks for it. */
export interface NeededProgram {
  readonly path: string;
  readonly type: string;
}

export interface ProgramProblemsOptions {
  /** Folder the runtime takes plugins from. */
  readonly binDir: string;
  /** Version every program must support; undefined when the conflist names no known one. */
  readonly cniVersion: string | undefined;
  readonly askVersions: AskVersions;
}

/** The programs a list of plugins calls, each once. Pure. */
export function neededPrograms(plugins: readonly PluginEntry[]): readonly NeededProgram[] {
  const needed = new Map<string, NeededProgram>();
  const add = (path: string, type: unknown): void => {
    if (typeof type === "string" && type !== "" && !type.includes("/") && !needed.has(type))
      needed.set(type, { path, type });
  };
  const addIpam = (path: string, entry: JsonObject): void => {
    if (isJsonObject(entry.ipam)) add(`${path}.ipam`, entry.ipam.type);
  };
  for (const { path, type, entry } of plugins) {
    add(path, type);
    addIpam(path, entry);
    if (type !== "headcni") continue;
    // What ours hands the work to: bridge with host-local, unless the entry says otherwise.
    const delegate = isJsonObject(entry.delegate) ? entry.delegate : {};
    add(`${path}.delegate`, delegate.type ?? "bridge");
    if (isJsonObject(delegate.ipam)) addIpam(`${path}.delegate`, delegate);
    else add(`${path}.delegate.ipam`, "host-local");
  }
  return [...needed.values()];
}

/** Asks every program at once. */
export async function programProblems(
  system: System,
  programs: readonly NeededProgram[],
  options: ProgramProblemsOptions,
): Promise<readonly ConflistProblem[]> {
  const answers = await Promise.all(programs.map((program) => programProblem(system, program, options)));
  return answers.filter((problem) => problem !== undefined);
}

async function programProblem(
  system: System,
  { path, type }: NeededProgram,
  { binDir, cniVersion, askVersions }: ProgramProblemsOptions,
): Promise<ConflistProblem | undefined> {
  const file = join(binDir, type);
  const problem = (message: string, hint?: string): ConflistProblem => ({ path: `${path}.type`, message, hint });
  let answer: Result<readonly string[]>;
  try {
    const info = system.files.stat(file);
    if (info === undefined)
      return problem(`is ${type}, and ${file} ${whyAbsent(system.files, file)}`, howToInstall(system, binDir, type));
    if (info.kind !== "file" || (info.mode & 0o111) === 0) {
      return problem(`is ${type}, and ${file} is not an executable file`, `make it one: chmod 755 ${file}`);
    }
    answer = await askVersions(system, file);
  } catch (error) {
    expected(error);
    const { why, remedy } = startFailure(system, file, error);
    return problem(`is ${type}, and ${file} ${why}`, remedy);
  }
  if (answer.kind === "fault") return problem(`is ${type}, and ${file} ${answer.why}`, tryByHand(file));
  const supported = answer.value;
  if (cniVersion === undefined || supported.includes(cniVersion)) return undefined;
  const common = supported.filter(isSupportedVersion);
  const choice =
    common.length === 0 ? "it supports none that knows lists of plugins" : `it supports ${common.join(", ")}`;
  const setting = common.length === 0 ? "" : "set cni.cniVersion to one of these, or ";
  return problem(
    `is ${type}, and ${file} does not support CNI ${cniVersion}`,
    `${choice}: ${setting}install a newer ${type}`,
  );
}

function howToInstall({ files }: System, binDir: string, type: string): string {
  if (files.stat(binDir)?.links === 0) return `${binDir}: ${removedMount.why}; ${removedMount.hint}`;
  if (type === "headcni") return "headcni-daemon installs it there; start the daemon, or set cni.type to bridge";
  const target = linkedTo(files, join(binDir, type));
  return target === undefined
    ? `install ${type} into ${binDir}, or name the folder that holds it as cni.binDir and to the runtime`
    : `install ${type} as ${target}; in a pod, mount ${dirname(target)} of the host, too`;
}
