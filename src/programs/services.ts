// The services that run Kubernetes' programs on a node, and the flags of each program that are looked at.

import type { System } from "../sys/system.ts";
import { readEnvironmentFile } from "./environment-file.ts";
import { wordsAfter } from "./known-flags.ts";
import { namesIn } from "./look.ts";
import { readOpenrcService } from "./openrc-service.ts";
import type { SettingKind } from "./program-settings.ts";
import { operatorUnits, readService, type ServiceCommand } from "./service-command.ts";
import { splitWords, type Word } from "./word.ts";

export type RancherName = "k3s" | "rke2";
export type Role = "server" | "agent";

const kinds: Readonly<Record<string, SettingKind>> = {
  config: "text",
  "data-dir": "text",
  "cluster-cidr": "list",
  "service-cidr": "list",
  "node-name": "text",
  "with-node-id": "switch",
  "flannel-backend": "text",
  "container-runtime-endpoint": "text",
  "kubelet-arg": "flags",
  "kube-apiserver-arg": "flags",
  "kube-controller-manager-arg": "flags",
  "kube-cloud-controller-manager-arg": "flags",
  // The former names of both, which are hidden and still taken (k3s, pkg/cli/cmds/server.go).
  "kube-controller-arg": "flags",
  "kube-cloud-controller-arg": "flags",
  "node-ip": "list",
  // Not theirs, and passed over by them; but people write them, and a later file's counts then, too.
  podCIDR: "list",
  podCIDRs: "list",
  "pod-cidr": "list",
  "pod-cidrs": "list",
  clusterCIDR: "list",
  serviceCIDR: "list",
};

/** Of k3s and RKE2. */
export const rancherFlags = { kinds, short: { c: "config", d: "data-dir", i: "node-ip" } };

/** The units that usually run k3s and RKE2. */
export const rancherUnits: Readonly<Record<RancherName, readonly string[]>> = {
  k3s: ["k3s.service", "k3s-agent.service"],
  rke2: ["rke2-server.service", "rke2-agent.service"],
};

/** The files of variables that the kubelet's units of kubeadm and of packages read. */
export const kubeletVariableFiles = [
  "/var/lib/kubelet/kubeadm-flags.env",
  "/etc/default/kubelet",
  "/etc/sysconfig/kubelet",
] as const;

/** The words behind the program of that name; undefined where the service does not start it, as far as can be read. */
export function commandOf(service: ServiceCommand | undefined, name: string): readonly Word[] | undefined {
  return service === undefined ? undefined : wordsAfter(service, (program) => program === name);
}

/** What k3s or RKE2 is started as. */
export function roleOf(words: readonly Word[]): Role | undefined {
  const role = words.find(({ text }) => text === "server" || text === "agent")?.text;
  return role === "server" || role === "agent" ? role : undefined;
}

/** The service that runs the program: of several the enabled one, else the first. */
export function findService(system: System, name: RancherName): ServiceCommand | undefined {
  const usual = rancherUnits[name];
  // k3s' installer makes `k3s-NAME.service` where it is told a name.
  const named = name === "k3s" ? operatorUnits(system, "k3s-").filter((unit) => !usual.includes(unit)) : [];
  const found = [...usual, ...named].flatMap((unit) => {
    const command = readService(system, unit);
    const isIts = usual.includes(unit) || wordsAfter(command, (program) => program === name) !== undefined;
    return command.words.length > 0 && isIts ? [{ unit, command }] : [];
  });
  const isEnabled = (unit: string): boolean =>
    namesIn(system, "/etc/systemd/system/multi-user.target.wants").includes(unit);
  const chosen = found.length > 1 ? (found.find(({ unit }) => isEnabled(unit)) ?? found[0]) : found[0];
  if (chosen !== undefined) return chosen.command;
  return usual
    .map((unit) => readOpenrcService(system, unit.replace(/\.service$/, "")))
    .find((command) => command !== undefined);
}

/** The words of the files that a kubelet's unit would put into its command line. */
export function kubeletVariables(system: System): readonly Word[] {
  return kubeletVariableFiles.flatMap((file) => [...readEnvironmentFile(system, file).values()].flatMap(splitWords));
}

/** Whether services and files tell how the node's programs are started, so that processes need not be looked at. */
export function isStartedByService(system: System): boolean {
  const services = (["k3s", "rke2"] as const).flatMap((name) => {
    const service = findService(system, name);
    return service === undefined ? [] : [commandOf(service, name)];
  });
  if (services.length > 0) return services.every((words) => words !== undefined);
  return readService(system, "kubelet.service").words.length > 0 || kubeletVariables(system).length > 0;
}
