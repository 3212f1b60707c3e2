// What k3s and RKE2 were told, as they put it together (k3s, pkg/configfilearg/parser.go, pkg/cli/cmds; RKE2, main.go, is built from the
// same parts): the keys of config.yaml and its drop-ins become flags before those of the command line, so a flag wins over a key, and
// both over the variable that stands for the flag. Of a text the last counts, lists add up. Of the cluster's ranges one a family can
// count: the command line's, as k3s' documentation says; its code would refuse to start with two.

import type { System } from "../sys/system.ts";
import { readConfigFiles } from "./config-files.ts";
import { keepRead } from "./kept-read.ts";
import { readFlags, withKnownValues, wordsAfter } from "./known-flags.ts";
import { namesIn } from "./look.ts";
import { readOpenrcService } from "./openrc-service.ts";
import { type Setting, type SettingKind, Settings, type Told, toSetting } from "./program-settings.ts";
import { operatorUnits, readService, type ServiceCommand } from "./service-command.ts";
import type { Word } from "./word.ts";

export type RancherName = "k3s" | "rke2";

export interface RancherSettings {
  readonly name: RancherName;
  /** By the names of flags, which are those of the keys in config.yaml: `cluster-cidr`, `node-name`, `kubelet-arg` … */
  readonly settings: Settings;
  /** What its service starts; undefined where that is not known. */
  readonly role: "server" | "agent" | undefined;
  /** Whether its service or a file of its configuration is there. */
  readonly isGiven: boolean;
  /** Where it keeps its state. */
  readonly dataDir: string;
  /** Its configuration file, `config.yaml`. */
  readonly config: string;
  /** The files its command line was read from, there or not: the unit with drop-ins, files of variables. */
  readonly files: readonly string[];
  /** What of all that could not be read, so that it may have been told something else: files. */
  readonly unread: readonly string[];
}

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
  "node-ip": "list",
  // Not theirs, and passed over by them; but people write them, and a later file's counts then, too.
  podCIDR: "list",
  podCIDRs: "list",
  "pod-cidr": "list",
  "pod-cidrs": "list",
  clusterCIDR: "list",
  serviceCIDR: "list",
};
const known = { kinds, short: { c: "config", d: "data-dir", i: "node-ip" } };
/** Flags that a variable stands for; the others have none. */
const withVariable = ["data-dir", "node-name"] as const;
const ranges: ReadonlySet<string> = new Set(["cluster-cidr", "service-cidr"]);
const units: Readonly<Record<RancherName, readonly string[]>> = {
  k3s: ["k3s.service", "k3s-agent.service"],
  rke2: ["rke2-server.service", "rke2-agent.service"],
};

/** @returns what k3s was told on this node; the same object while nothing it was read from changes */
export function k3sSettings(system: System): RancherSettings {
  return keepRead(system, { key: "k3s", read: (node) => readSettings(node, "k3s") });
}

/** @returns what RKE2 was told, likewise */
export function rke2Settings(system: System): RancherSettings {
  return keepRead(system, { key: "rke2", read: (node) => readSettings(node, "rke2") });
}

/** The units that usually run it. */
export function rancherUnits(name: RancherName): readonly string[] {
  return units[name];
}

function readSettings(system: System, name: RancherName): RancherSettings {
  const service = findService(system, name);
  const command = wordsAfter(service?.words ?? [], (program) => program === name);
  const words = command ?? [];
  const flags = readFlags(words, known);
  const variable = (flag: string): Setting | undefined => {
    const word = service?.env.get(`${name}_${flag}`.toUpperCase().replaceAll("-", "_"));
    return word === undefined || word.text === "" ? undefined : toSetting(word);
  };
  // The file is looked for before flags are read: a variable counts before the flag, and the first flag.
  const named = variable("config-file") ?? flags.find((flag) => flag.name === "config")?.values[0];
  const file = named?.value ?? `/etc/rancher/${name}/config.yaml`;
  const config = readConfigFiles(system, file, isKey);
  const settings = new Settings(
    [
      ...withVariable.flatMap((flag) => {
        const value = variable(flag);
        return value === undefined ? [] : [{ name: flag, values: [value] }];
      }),
      ...config.told.flatMap((told) => withKnownValues(inPieces(told), kinds[told.name])),
      ...flags.map((flag): Told => ({ ...inPieces(flag), onto: ranges.has(flag.name) ? "family" : "add" })),
    ],
    kinds,
  );
  return {
    name,
    settings,
    role: roleOf(words),
    isGiven: service !== undefined || config.files.length > 0,
    dataDir: settings.one("data-dir")?.value || `/var/lib/rancher/${name}`,
    config: file,
    files: service?.files ?? [],
    unread: [...(service !== undefined && command === undefined ? service.files.slice(0, 1) : []), ...config.unread],
  };
}

/** What is taken of a program that nothing is known of. */
export function usualRancher(name: RancherName): RancherSettings {
  return {
    name,
    settings: new Settings([], kinds),
    role: undefined,
    isGiven: false,
    dataDir: `/var/lib/rancher/${name}`,
    config: `/etc/rancher/${name}/config.yaml`,
    files: [],
    unread: [],
  };
}

function isKey(name: string): boolean {
  return kinds[name] !== undefined && name !== "config";
}

/** Ranges can be listed with commas; each then counts by itself. */
function inPieces(told: Told): Told {
  if (!ranges.has(told.name)) return told;
  const values = told.values.flatMap((setting) =>
    setting.value.split(",").map((value) => ({ ...setting, value: value.trim() })),
  );
  return { ...told, values: values.filter(({ value }) => value !== "") };
}

function roleOf(words: readonly Word[]): RancherSettings["role"] {
  const role = words.find(({ text }) => text === "server" || text === "agent")?.text;
  return role === "server" || role === "agent" ? role : undefined;
}

/** The service that runs the program: of several the enabled one, else the first. */
function findService(system: System, name: RancherName): ServiceCommand | undefined {
  const usual = units[name];
  // k3s' installer makes `k3s-NAME.service` where it is told a name.
  const named = name === "k3s" ? operatorUnits(system, "k3s-").filter((unit) => !usual.includes(unit)) : [];
  const found = [...usual, ...named].flatMap((unit) => {
    const command = readService(system, unit);
    const isIts = usual.includes(unit) || wordsAfter(command.words, (program) => program === name) !== undefined;
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
