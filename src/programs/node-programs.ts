// The programs that make this machine a node of a cluster, with what each was told.

import { basename, join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { oneLook } from "./kept-read.ts";
import { readFlags } from "./known-flags.ts";
import { type KubeletSettings, kubeletSettings, usualKubelet } from "./kubelet-settings.ts";
import { type Process, programFlags, readProcesses } from "./processes.ts";
import type { GivenSetting } from "./program-settings.ts";
import { k3sSettings, type RancherSettings, rke2Settings, usualRancher } from "./rancher-settings.ts";
import { readService } from "./service-command.ts";
import { commandOf, rancherUnits } from "./services.ts";

export interface NodePrograms {
  readonly k3s: RancherSettings;
  readonly rke2: RancherSettings;
  readonly kubelet: KubeletSettings;
  readonly controlPlane: Readonly<Record<ControlPlaneProgram, ControlPlaneCommand>>;
}

/** Programs that have a command line of their own outside k3s and RKE2, most often in a static pod. */
export type ControlPlaneProgram = "kube-controller-manager" | "kube-apiserver";

interface ControlPlaneCommand {
  readonly given: readonly GivenSetting[];
  /** The files it was read from, there or not. */
  readonly files: readonly string[];
}

export function readNodePrograms(node: System): NodePrograms {
  const system = oneLook(node);
  const processes = readProcesses(system);
  const controlPlane = (name: ControlPlaneProgram) => controlPlaneCommand(system, name, processes.get(name));
  return {
    k3s: k3sSettings(system, processes),
    rke2: rke2Settings(system, processes),
    kubelet: kubeletSettings(system, processes),
    controlPlane: {
      "kube-controller-manager": controlPlane("kube-controller-manager"),
      "kube-apiserver": controlPlane("kube-apiserver"),
    },
  };
}

/** That of its unit, else of the process that runs. */
function controlPlaneCommand(
  system: System,
  name: ControlPlaneProgram,
  running: Process | undefined,
): ControlPlaneCommand {
  const service = readService(system, `${name}.service`);
  const words = commandOf(service, name);
  if (words !== undefined) return { given: readFlags(words, { kinds: programFlags[name] }), files: service.files };
  return running === undefined ? noneGiven : { given: running.given, files: [running.file] };
}

const noneGiven: ControlPlaneCommand = { given: [], files: [] };

/** Of a node of which nothing is known: every file where it usually is. */
export const usualPrograms: NodePrograms = {
  k3s: usualRancher("k3s"),
  rke2: usualRancher("rke2"),
  kubelet: usualKubelet,
  controlPlane: { "kube-controller-manager": noneGiven, "kube-apiserver": noneGiven },
};

/** Where an operator's units lie. */
const unitDir = "/etc/systemd/system";

/** The files that tell how the programs are started, and those that would if they were there. */
export function commandFiles({ k3s, rke2, kubelet, controlPlane }: NodePrograms): readonly string[] {
  const units = ["kubelet.service", ...rancherUnits.k3s, ...rancherUnits.rke2];
  const usual = units.flatMap((unit) => [join(unitDir, unit), join(unitDir, `${unit}.d`)]);
  const read = [k3s, rke2, kubelet, ...Object.values(controlPlane)].flatMap(({ files }) => files);
  return [...new Set([...usual, ...read])].filter((path) => path.startsWith("/") && !path.startsWith("/proc/"));
}

/** The directories of an operator's drop-ins for the units that are there: each name in them counts. */
export function commandDirs({ k3s, rke2, kubelet }: NodePrograms): readonly string[] {
  const units = [k3s, rke2, kubelet].flatMap(({ files }) => files.slice(0, 1)).map(basename);
  return units.filter((unit) => unit.endsWith(".service")).map((unit) => join(unitDir, `${unit}.d`));
}
