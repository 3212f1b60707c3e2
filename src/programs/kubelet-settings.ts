// What a kubelet that is a service of its own was told (kubernetes, cmd/kubelet/app/server.go): its flags, over the pieces of its
// directory of configurations, over its configuration file. Its flags are those of its unit, else of the files of variables that the units of
// kubeadm and of packages read, else of the process that runs.

import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { readKeys } from "./config-files.ts";
import { keepRead } from "./kept-read.ts";
import { readFlags } from "./known-flags.ts";
import { kindOf, namesIn } from "./look.ts";
import { type Processes, programFlags, readProcesses } from "./processes.ts";
import { type GivenSetting, Settings } from "./program-settings.ts";
import { readService } from "./service-command.ts";
import { commandOf, kubeletVariableFiles, kubeletVariables } from "./services.ts";

export interface KubeletSettings {
  /** By the names of flags: `pod-cidr`, `hostname-override`, `container-runtime-endpoint`, `config`, `config-dir`, `cloud-provider`. */
  readonly settings: Settings;
  /** Whether its process, its unit or a file of its variables is there. */
  readonly isGiven: boolean;
  /** Its configuration file. */
  readonly config: string;
  /** The directory whose pieces count over that file; undefined when it reads none. */
  readonly configDir: string | undefined;
  /** Its flags alone, in their order. */
  readonly flags: readonly GivenSetting[];
  /** The files its flags were read from, there or not: its unit with drop-ins, files of variables. */
  readonly files: readonly string[];
}

/** Where kubeadm puts its configuration, and the directory that Kubernetes' documentation names. */
const usualKubeletConfig = "/var/lib/kubelet/config.yaml";
const usualKubeletDir = "/etc/kubernetes/kubelet.conf.d";
/** Keys of a KubeletConfiguration that are looked at, and the flags that stand for the same. */
const keys: Readonly<Record<string, string>> = { containerRuntimeEndpoint: "container-runtime-endpoint" };
/** Deeper than anybody nests them. */
const maxDepth = 8;

/** @returns the same object while nothing it was read from changes */
export function kubeletSettings(system: System, processes = readProcesses(system)): KubeletSettings {
  return keepRead(system, { key: "kubelet", inputs: [processes], read: (node) => readSettings(node, processes) });
}

/** What is taken of a kubelet that nothing is known of. */
export const usualKubelet: KubeletSettings = {
  settings: new Settings([], programFlags.kubelet),
  isGiven: false,
  config: usualKubeletConfig,
  configDir: usualKubeletDir,
  flags: [],
  files: [],
};

function readSettings(system: System, processes: Processes): KubeletSettings {
  const { flags, files, isGiven } = findFlags(system, processes);
  const value = (name: string): string | undefined => absolute(flags.findLast((flag) => flag.name === name));
  const config = value("config") ?? usualKubeletConfig;
  // Without anything that tells how it is started, the usual places are the best guess.
  const configDir = isGiven ? value("config-dir") : usualKubeletDir;
  const configs = [config, ...(configDir === undefined ? [] : kubeletPieces(system, configDir))];
  const given = configs.flatMap((path) => readKeys(system, path, (key) => keys[key] !== undefined) ?? []);
  const named = given.map((each): GivenSetting => ({ ...each, name: keys[each.name] ?? each.name }));
  const settings = new Settings([...named, ...flags], programFlags.kubelet);
  return { settings, isGiven, config, configDir, flags, files };
}

function findFlags(system: System, processes: Processes) {
  const known = { kinds: programFlags.kubelet };
  const service = readService(system, "kubelet.service");
  const running = processes.get("kubelet");
  if (service.words.length > 0) {
    const words = commandOf(service, "kubelet") ?? service.words;
    return { flags: readFlags(words, known), files: service.files, isGiven: true };
  }
  if (running !== undefined) return { flags: running.given, files: [running.file], isGiven: true };
  return { flags: readFlags(kubeletVariables(system), known), files: kubeletVariableFiles, isGiven: false };
}

/**
 * The files of a directory of the kubelet's configurations, in the order in which each is put over those before it: every `.conf`, also
 * in directories within, as filepath.WalkDir meets them, which enters no linked ones (mergeKubeletConfigurations).
 */
export function kubeletPieces(system: System, dir: string, depth = 0): readonly string[] {
  return namesIn(system, dir).flatMap((name) => {
    const inner = join(dir, name);
    const isLink = system.files.lstat(inner)?.kind === "symlink";
    if (!isLink && kindOf(system, inner) === "directory") {
      return depth < maxDepth ? kubeletPieces(system, inner, depth + 1) : [];
    }
    return name.endsWith(".conf") ? [inner] : [];
  });
}

/** A path that needs nothing put in. */
function absolute(given: GivenSetting | undefined): string | undefined {
  const value = given?.values[0]?.value;
  if (value === undefined || !/^(?:\/[^/$%]+)+\/?$/.test(value)) return undefined;
  return value.replace(/\/$/, "");
}
