// The programs that make this machine a node of a cluster, with what each was told.

import { basename, join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { type KubeletSettings, kubeletSettings, usualKubelet } from "./kubelet-settings.ts";
import { type Processes, readProcesses } from "./processes.ts";
import { k3sSettings, type RancherSettings, rancherUnits, rke2Settings, usualRancher } from "./rancher-settings.ts";

export interface NodePrograms {
  readonly k3s: RancherSettings;
  readonly rke2: RancherSettings;
  readonly kubelet: KubeletSettings;
  readonly processes: Processes;
}

export function readNodePrograms(system: System): NodePrograms {
  return {
    k3s: k3sSettings(system),
    rke2: rke2Settings(system),
    kubelet: kubeletSettings(system),
    processes: readProcesses(system),
  };
}

/** Of a node of which nothing is known: every file where it usually is. */
export const usualPrograms: NodePrograms = {
  k3s: usualRancher("k3s"),
  rke2: usualRancher("rke2"),
  kubelet: usualKubelet,
  processes: new Map(),
};

/** Where an operator's units lie. */
const unitDir = "/etc/systemd/system";

/** The files that tell how the programs are started, and those that would if they were there. */
export function commandFiles({ k3s, rke2, kubelet }: NodePrograms): readonly string[] {
  const units = ["kubelet.service", ...rancherUnits(k3s.name), ...rancherUnits(rke2.name)];
  const usual = units.flatMap((unit) => [join(unitDir, unit), join(unitDir, `${unit}.d`)]);
  const read = [k3s, rke2, kubelet].flatMap(({ files }) => files);
  return [...new Set([...usual, ...read])].filter((path) => path.startsWith("/"));
}

/** The directories of an operator's drop-ins for the units that are there: each name in them counts. */
export function commandDirs({ k3s, rke2, kubelet }: NodePrograms): readonly string[] {
  const units = [k3s, rke2, kubelet].flatMap(({ files }) => files.slice(0, 1)).map(basename);
  return units.filter((unit) => unit.endsWith(".service")).map((unit) => join(unitDir, `${unit}.d`));
}
