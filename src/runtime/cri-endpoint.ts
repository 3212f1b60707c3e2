// The CRI socket that the kubelet of this node is set to use: by k3s or RKE2, or by the kubelet's own flags and files. Its built-in
// default is no evidence and not among them.

import { expected } from "../sys/errors.ts";
import { dirname, join } from "../sys/fs/path.ts";
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

/** What k3s or RKE2 was given on the command line of its services, in their variables and in its files. */
export interface RancherInput {
  readonly name: (typeof rancherNames)[number];
  readonly words: readonly Word[];
  readonly envs: readonly ReadonlyMap<string, Word>[];
  /** `config.yaml` and its drop-ins, in their order. */
  readonly files: readonly TextFile[];
}

interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** The input of k3s, then of RKE2; a program that was given nothing is left out. */
export function readRancherInputs(system: System, services: Services): readonly RancherInput[] {
  return rancherNames
    .map((name) => readRancherInput(system, services, name))
    .filter(({ words, envs, files }) => words.length > 0 || envs.some(({ size }) => size > 0) || files.length > 0);
}

function readRancherInput(system: System, services: Services, name: RancherInput["name"]): RancherInput {
  const commands = (name === "k3s" ? ["k3s", "k3s-agent"] : ["rke2-server", "rke2-agent"]).map((role) =>
    services(`${role}.service`),
  );
  const words = commands.flatMap((command) => command.words);
  const envs = commands.map(({ env }) => env);
  const named = flagValue(words, "--config", "-c") ?? variable({ name, envs }, "CONFIG_FILE");
  const file = named?.text ?? `/etc/rancher/${name}/config.yaml`;
  // Most nodes have neither program: their directory tells for both files.
  const paths =
    named === undefined && system.files.stat(dirname(file)) === undefined
      ? []
      : [file, ...namesIn(system, `${file}.d`, ".yaml", ".yml")];
  return { name, words, envs, files: readTexts(system, paths) };
}

/** What k3s or RKE2 were given instead of their own containerd. */
export function rancherEndpoint(inputs: readonly RancherInput[]): CriEndpoint | undefined {
  const found = inputs
    .map((input) => rancherSetting(input, "container-runtime-endpoint"))
    .find((setting) => setting !== undefined && setting.text !== "");
  return found === undefined ? undefined : toEndpoint(found);
}

/** Where k3s keeps its state, then RKE2. */
export function rancherDataDirs(inputs: readonly RancherInput[]): readonly string[] {
  return rancherNames.map((name) => {
    const input = inputs.find((candidate) => candidate.name === name);
    const dir = input === undefined ? undefined : rancherSetting(input, "data-dir", "-d");
    return dir?.text ?? `/var/lib/rancher/${name}`;
  });
}

/**
 * A setting of k3s or RKE2: flags of the service, its variables, then `config.yaml` and its drop-ins.
 * @param key as in `config.yaml`; the flag is `--` and this
 * @param short the flag's short form
 */
function rancherSetting(input: RancherInput, key: string, short = ""): Word | undefined {
  const flags = [`--${key}`, short].filter((flag) => flag !== "");
  return (
    flagValue(input.words, ...flags) ??
    variable(input, key.toUpperCase().replaceAll("-", "_")) ??
    lastKey(input.files, key)
  );
}

function variable({ name, envs }: Pick<RancherInput, "name" | "envs">, suffix: string): Word | undefined {
  return envs.map((env) => env.get(`${name.toUpperCase()}_${suffix}`)).find((value) => value !== undefined);
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
  const found = flagValue(flags, flag) ?? lastKey(readTexts(system, files), "containerRuntimeEndpoint");
  return found === undefined || found.text === "" ? undefined : toEndpoint(found);
}

function toEndpoint({ text, file, line }: Word): CriEndpoint {
  return { path: text.replace(/^unix:(\/\/)?/, "").replace(/^\/var\/run\//, "/run/"), file, line };
}

/** The last of the files that has a top-level YAML key with one value in its line. */
function lastKey(files: readonly TextFile[], key: string): Word | undefined {
  if (files.length === 0) return undefined;
  const pattern = new RegExp(`^["']?${key}["']?\\s*:\\s*(?:"([^"]*)"|'([^']*)'|([^\\s#"'][^\\s#]*))`);
  return files
    .flatMap(({ path, text }) =>
      text.split("\n").flatMap((content, at): readonly Word[] => {
        const [, double, single, plain] = pattern.exec(content) ?? [];
        const value = double ?? single ?? plain;
        return value === undefined ? [] : [{ text: value, file: path, line: at + 1 }];
      }),
    )
    .at(-1);
}

/** The files that are there and can be read. */
function readTexts(system: System, paths: readonly string[]): readonly TextFile[] {
  return paths.flatMap((path) => {
    const text = readText(system, path);
    return text === "" ? [] : [{ path, text }];
  });
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
