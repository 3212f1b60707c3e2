// The CRI socket that the kubelet of this node is set to use: by k3s or RKE2, or by the kubelet's own flags and files. Its built-in
// default is no evidence and not among them.

import { expected } from "../sys/errors.ts";
import { join } from "../sys/fs/path.ts";
import type { System } from "../sys/system.ts";
import { flagValue, readEnvironmentFile, type Services, splitWords, type Word } from "./service-command.ts";

/** A socket's path on the node, without scheme, `/run` for `/var/run`, and the place that names it. */
export interface CriEndpoint {
  readonly path: string;
  readonly file: string;
  readonly line: number;
}

const flag = "--container-runtime-endpoint";
const rancherNames = ["k3s", "rke2"] as const;
const maxFileBytes = 1 << 20;

/** What k3s or RKE2 were given instead of their own containerd. */
export function rancherEndpoint(system: System, services: Services): CriEndpoint | undefined {
  const found = rancherNames
    .map((name) => rancherSetting(system, services, { name, key: "container-runtime-endpoint" }))
    .find((setting) => setting !== undefined && setting.text !== "");
  return found === undefined ? undefined : toEndpoint(found);
}

/** Where k3s keeps its state, then RKE2. */
export function rancherDataDirs(system: System, services: Services): readonly string[] {
  return rancherNames.map(
    (name) =>
      rancherSetting(system, services, { name, key: "data-dir", short: "-d" })?.text ?? `/var/lib/rancher/${name}`,
  );
}

interface RancherSetting {
  readonly name: (typeof rancherNames)[number];
  /** As in `config.yaml`; the flag is `--` and this. */
  readonly key: string;
  /** The flag's short form. */
  readonly short?: string;
}

/** A setting of k3s or RKE2: flags of the service, its variables, then `config.yaml` and its drop-ins. */
function rancherSetting(
  system: System,
  services: Services,
  { name, key, short = "" }: RancherSetting,
): Word | undefined {
  const commands = (name === "k3s" ? ["k3s", "k3s-agent"] : ["rke2-server", "rke2-agent"]).map((role) =>
    services(`${role}.service`),
  );
  const words = commands.flatMap((command) => command.words);
  const variable = (suffix: string): Word | undefined =>
    commands.map(({ env }) => env.get(`${name.toUpperCase()}_${suffix}`)).find((value) => value !== undefined);
  const flags = [`--${key}`, short].filter((flag) => flag !== "");
  const file =
    (flagValue(words, "--config", "-c") ?? variable("CONFIG_FILE"))?.text ?? `/etc/rancher/${name}/config.yaml`;
  const files = [file, ...namesIn(system, `${file}.d`, ".yaml", ".yml")];
  return flagValue(words, ...flags) ?? variable(key.toUpperCase().replaceAll("-", "_")) ?? lastKey(system, files, key);
}

/** What the kubelet was given: flags before its configuration's drop-ins, those before the file, as the kubelet has it. */
export function kubeletEndpoint(system: System, services: Services): CriEndpoint | undefined {
  const { words } = services("kubelet.service");
  // Without the unit, the files that kubeadm's and the packages' units read.
  const loose = ["/var/lib/kubelet/kubeadm-flags.env", "/etc/default/kubelet", "/etc/sysconfig/kubelet"].flatMap(
    (file) => [...readEnvironmentFile(system, file).values()].flatMap(splitWords),
  );
  const flags = flagValue(words, flag) === undefined ? [...words, ...loose] : words;
  const file = flagValue(words, "--config")?.text ?? "/var/lib/kubelet/config.yaml";
  const dir = flagValue(words, "--config-dir")?.text;
  const files = [file, ...(dir === undefined ? [] : namesIn(system, dir, ".conf"))];
  const found = flagValue(flags, flag) ?? lastKey(system, files, "containerRuntimeEndpoint");
  return found === undefined || found.text === "" ? undefined : toEndpoint(found);
}

function toEndpoint({ text, file, line }: Word): CriEndpoint {
  return { path: text.replace(/^unix:(\/\/)?/, "").replace(/^\/var\/run\//, "/run/"), file, line };
}

/** The last of the files that has a top-level YAML key with one value in its line. */
function lastKey(system: System, files: readonly string[], key: string): Word | undefined {
  const pattern = new RegExp(`^["']?${key}["']?\\s*:\\s*(?:"([^"]*)"|'([^']*)'|([^\\s#"'][^\\s#]*))`);
  return files
    .flatMap((file) =>
      readText(system, file)
        .split("\n")
        .flatMap((content, at): readonly Word[] => {
          const [, double, single, plain] = pattern.exec(content) ?? [];
          const text = double ?? single ?? plain;
          return text === undefined ? [] : [{ text, file, line: at + 1 }];
        }),
    )
    .at(-1);
}

function readText({ files, log }: System, path: string): string {
  try {
    const bytes = files.readIfPresent(path, maxFileBytes);
    return bytes === undefined ? "" : new TextDecoder().decode(bytes);
  } catch (error) {
    expected(error);
    log.warn(`Passed over a kubelet configuration: ${error.message}`);
    return "";
  }
}

function namesIn({ files }: System, dir: string, ...extensions: readonly string[]): readonly string[] {
  if (files.stat(dir)?.kind !== "directory") return [];
  const names = (files.list(dir) ?? []).filter((name) => extensions.some((extension) => name.endsWith(extension)));
  return names.map((name) => join(dir, name));
}
