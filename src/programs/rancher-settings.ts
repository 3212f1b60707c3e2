// What k3s and RKE2 were told, as they put it together (k3s, pkg/configfilearg/parser.go, pkg/cli/cmds; RKE2, main.go, is built from the
// same parts): the keys of config.yaml and its drop-ins become flags before those of the command line, so a flag wins over a key, and
// both over the variable that stands for the flag. Of a text the last counts, lists add up. Of the cluster's ranges one a family can
// count: the command line's, as k3s' documentation says; its code would refuse to start with two.

import type { System } from "../sys/system.ts";
import { readConfigFiles } from "./config-files.ts";
import { keepRead } from "./kept-read.ts";
import { openWords, readFlags, withKnownValues } from "./known-flags.ts";
import { type Process, readProcesses } from "./processes.ts";
import { type GivenSetting, type Setting, Settings, toSetting } from "./program-settings.ts";
import { commandOf, findService, type RancherName, rancherFlags, roleOf } from "./services.ts";
import { describePlace, isLeftOpen } from "./word.ts";

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
  /** What of all that could not be read, so that it may have been told something else: files, or lines of one. */
  readonly unread: readonly string[];
}

/**
 * The static pod that RKE2 makes of kube-proxy on servers and agents alike, with the cluster's range among its arguments (RKE2,
 * pkg/executor/staticpod, KubeProxy). k3s has its own in its process.
 */
export function kubeProxyManifest({ dataDir }: Pick<RancherSettings, "dataDir">): string {
  return `${dataDir}/agent/pod-manifests/kube-proxy.yaml`;
}

/** Flags that a variable stands for; the others have none. */
const withVariable = ["data-dir", "node-name"] as const;
const { kinds } = rancherFlags;
const ranges: ReadonlySet<string> = new Set(["cluster-cidr", "service-cidr"]);
/** Flags that can say a range of the cluster. */
const sayRanges: ReadonlySet<string> = new Set([
  ...ranges,
  "config",
  "kube-controller-manager-arg",
  "kube-controller-arg",
  "kube-apiserver-arg",
]);

/** @returns what k3s was told on this node; the same object while nothing it was read from changes */
export function k3sSettings(system: System, processes = readProcesses(system)): RancherSettings {
  return keptSettings(system, "k3s", processes.get("k3s"));
}

/** @returns what RKE2 was told, likewise */
export function rke2Settings(system: System, processes = readProcesses(system)): RancherSettings {
  return keptSettings(system, "rke2", processes.get("rke2"));
}

function keptSettings(system: System, name: RancherName, running: Process | undefined): RancherSettings {
  return keepRead(system, { key: name, inputs: [running], read: (node) => readSettings(node, name, running) });
}

function readSettings(system: System, name: RancherName, running: Process | undefined): RancherSettings {
  const service = findService(system, name);
  const words = commandOf(service, name);
  const flags = words === undefined ? (running?.given ?? []) : readFlags(words, rancherFlags).filter(isRead);
  const open = words === undefined ? [] : openWords(words, rancherFlags, sayRanges);
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
      ...config.given.flatMap((given) => withKnownValues(inPieces(given), kinds[given.name])),
      ...flags.map((flag): GivenSetting => ({ ...inPieces(flag), onto: ranges.has(flag.name) ? "family" : "add" })),
    ],
    kinds,
  );
  return {
    name,
    settings,
    role: words === undefined ? running?.role : roleOf(words),
    isGiven: service !== undefined || running !== undefined || config.files.length > 0,
    dataDir: settings.one("data-dir")?.value || `/var/lib/rancher/${name}`,
    config: file,
    files: words === undefined && running !== undefined ? [running.file] : (service?.files ?? []),
    unread: [
      ...(service !== undefined && words === undefined && running === undefined ? service.files.slice(0, 1) : []),
      ...open.map(describePlace),
      ...config.unread,
    ],
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

/** Not a range that a shell has yet to put in. */
function isRead({ name, values }: GivenSetting): boolean {
  return !ranges.has(name) || !values.some(({ value }) => isLeftOpen(value));
}

function isKey(name: string): boolean {
  return kinds[name] !== undefined && name !== "config";
}

/** Ranges can be listed with commas; each then counts by itself. */
function inPieces(given: GivenSetting): GivenSetting {
  if (!ranges.has(given.name)) return given;
  const values = given.values.flatMap((setting) =>
    setting.value.split(",").map((value) => ({ ...setting, value: value.trim() })),
  );
  return { ...given, values: values.filter(({ value }) => value !== "") };
}
