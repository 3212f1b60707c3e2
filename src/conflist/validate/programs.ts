// The programs a conflist calls: whether each lies in the plugin folder, can be run, and speaks the conflist's version of
// the specification. Each is asked itself (CNI_COMMAND=VERSION): neither its name nor its age tells.

import { cniVersions, type PluginEntry } from "../../spec/conflist.ts";
import type { ConflistProblem } from "../../spec/problem.ts";
import { startFailure, tryByHand } from "../../spec/start-failure.ts";
import { expected } from "../../sys/errors.ts";
import { join } from "../../sys/fs/path.ts";
import { isJsonObject, type JsonObject } from "../../sys/json.ts";
import type { System } from "../../sys/system.ts";

const versionTimeoutMs = 5000;
/** What libcni itself sends with VERSION: plugins of old demand the variables although they do not use them. */
const versionEnv = {
  CNI_COMMAND: "VERSION",
  CNI_CONTAINERID: "dummy",
  CNI_NETNS: "dummy",
  CNI_IFNAME: "dummy",
  CNI_PATH: "dummy",
};

/** A program and where the conflist first asks for it. */
export interface NeededProgram {
  readonly path: string;
  readonly type: string;
}

export interface ProgramOptions {
  /** Folder the runtime takes plugins from. */
  readonly binDir: string;
  /** Version every program must support; undefined when the conflist names no known one. */
  readonly cniVersion: string | undefined;
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
  options: ProgramOptions,
): Promise<readonly ConflistProblem[]> {
  const answers = await Promise.all(programs.map((program) => programProblem(system, program, options)));
  return answers.filter((problem) => problem !== undefined);
}

async function programProblem(
  system: System,
  { path, type }: NeededProgram,
  { binDir, cniVersion }: ProgramOptions,
): Promise<ConflistProblem | undefined> {
  const file = join(binDir, type);
  const problem = (message: string, hint?: string): ConflistProblem => ({ path: `${path}.type`, message, hint });
  let supported: readonly string[] | string;
  try {
    const info = system.files.stat(file);
    if (info === undefined) {
      const hint =
        type === "headcni"
          ? "headcni-daemon installs it there; start the daemon, or set cni.type to bridge"
          : `install ${type} into ${binDir}, or name the folder that holds it as cni.binDir and to the runtime`;
      return problem(`is ${type}, and ${file} does not exist`, hint);
    }
    if (info.kind !== "file" || (info.mode & 0o111) === 0) {
      return problem(`is ${type}, and ${file} is not an executable file`, `make it one: chmod 755 ${file}`);
    }
    supported = await askVersions(system, file);
  } catch (error) {
    expected(error);
    const { why, remedy } = startFailure(system, file, error);
    return problem(`is ${type}, and ${file} ${why}`, remedy);
  }
  if (typeof supported === "string") return problem(`is ${type}, and ${file} ${supported}`, tryByHand(file));
  if (cniVersion === undefined || supported.includes(cniVersion)) return undefined;
  const common = supported.filter((version) => cniVersions.some((known) => known === version));
  const choice =
    common.length === 0 ? "it supports none that knows lists of plugins" : `it supports ${common.join(", ")}`;
  const setting = common.length === 0 ? "" : "set cni.cniVersion to one of these, or ";
  return problem(
    `is ${type}, and ${file} does not support CNI ${cniVersion}`,
    `${choice}: ${setting}install a newer ${type}`,
  );
}

/**
 * The versions the plugin at `file` (a node path) says it supports, or the end of a sentence that says why it said none.
 * @throws HeadcniError HC_EXEC_FAILED when it cannot be started; `cause` keeps the errno.
 */
export async function askVersions(system: System, file: string): Promise<readonly string[] | string> {
  const result = await system.exec.run([system.files.hostPath(file)], {
    env: versionEnv,
    stdin: `{"cniVersion":"1.1.0"}`,
    timeoutMs: versionTimeoutMs,
    killsLeftovers: true,
  });
  if (result.timedOut) return `did not answer VERSION within ${versionTimeoutMs / 1000} s`;
  if (result.outputTooLong) return "printed too much when asked for its VERSION";
  if (result.signal !== null) return `was killed by ${result.signal} when asked for its VERSION`;
  let answer: unknown;
  try {
    answer = JSON.parse(result.stdout);
  } catch {
    // Not JSON is the same answer as JSON without versions: no plugin speaks so.
    answer = undefined;
  }
  const versions = isJsonObject(answer) ? answer.supportedVersions : undefined;
  if (Array.isArray(versions)) return versions.filter((item) => typeof item === "string");
  return `is no CNI plugin: it answered VERSION with exit code ${result.exitCode} and no supportedVersions`;
}
