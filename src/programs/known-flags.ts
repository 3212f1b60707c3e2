// The flags of a command line that are known: nothing else of it is kept, because it can hold tokens. Pure.

import { type GivenSetting, passedFlag, type SettingKind, toSetting } from "./program-settings.ts";
import { isLeftOpen, type Place, readShellWords, variablesIn, type Word } from "./word.ts";

export interface KnownFlags {
  /** By long name. */
  readonly kinds: Readonly<Record<string, SettingKind>>;
  /** Long names by their short ones. @default none */
  readonly short?: Readonly<Record<string, string>>;
}

/** Flags that k3s, RKE2 and kubeadm hand on to Kubernetes' programs, as far as they are looked at. */
const passedOn: ReadonlySet<string> = new Set([
  "pod-cidr",
  "hostname-override",
  "config",
  "config-dir",
  "container-runtime-endpoint",
  "cloud-provider",
  "cluster-cidr",
  "service-cluster-ip-range",
  "node-cidr-mask-size",
  "node-cidr-mask-size-ipv4",
  "node-cidr-mask-size-ipv6",
]);

/** `--name=value`, `--name value`, one dash too; `_` counts as `-`. In the order of the words. */
export function readFlags(words: readonly Word[], known: KnownFlags): readonly GivenSetting[] {
  return takeFlags(words, known).found.flatMap((given) => withKnownValues(given, known.kinds[given.name]));
}

/**
 * The words that are not known to be what they seem: one by itself for which a shell would put something in, which may be flags, and the
 * value of one of the flags that are named.
 */
export function openWords(words: readonly Word[], known: KnownFlags, names: ReadonlySet<string>): readonly Place[] {
  const { found, others } = takeFlags(words, known);
  const values = found.filter(({ name }) => names.has(name)).flatMap((given) => given.values);
  return [...others.filter(({ text }) => /^[^-]*[$`]/.test(text)), ...values.filter(({ value }) => isLeftOpen(value))];
}

function takeFlags(words: readonly Word[], { kinds, short = {} }: KnownFlags) {
  const found: GivenSetting[] = [];
  const others: Word[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === undefined) break;
    const [, written = "", value] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word.text) ?? [];
    const name = short[written] ?? written.replaceAll("_", "-");
    const kind = kinds[name];
    const next = words[at + 1];
    if (kind === undefined) others.push(word);
    else if (value !== undefined) found.push({ name, values: [{ ...toSetting(word), value }] });
    else if (kind === "switch") found.push({ name, values: [{ ...toSetting(word), value: "true" }] });
    else if (next !== undefined) {
      found.push({ name, values: [toSetting(next)] });
      at += 1;
    }
  }
  return { found, others };
}

/** Of what is handed on, only flags that are known. */
export function withKnownValues(given: GivenSetting, kind: SettingKind | undefined): readonly GivenSetting[] {
  if (kind !== "flags") return [given];
  const values = given.values.filter(({ value }) => passedOn.has(passedFlag(value)?.name ?? ""));
  const [first] = given.values;
  const place = first === undefined ? {} : { place: { file: first.file, line: first.line } };
  return [{ ...given, values, ...place }];
}

interface Command {
  readonly words: readonly Word[];
  /** The variables it is started with. */
  readonly env: ReadonlyMap<string, Word>;
}

/** Shells, whose arguments are command lines. */
const shell = /^(?:ba|da|a|k|z)?sh$/;

/** The words behind the program of that name, also in `sh -c '…'`; undefined where none starts it. */
export function wordsAfter({ words, env }: Command, isProgram: (name: string) => boolean): readonly Word[] | undefined {
  const at = words.findIndex(({ text }) => isProgram(programName(text)));
  if (at >= 0) return words.slice(at + 1);
  if (!words.some(({ text }) => shell.test(programName(text)))) return undefined;
  const known = variablesIn(env);
  const inner = words.flatMap((word) => (/\s/.test(word.text) ? readShellWords(word, { known }) : [word]));
  const innerAt = inner.findIndex(({ text }) => isProgram(programName(text)));
  return innerAt < 0 ? undefined : inner.slice(innerAt + 1);
}

/** The last part of a path, without the marks systemd takes before it. */
function programName(text: string): string {
  return text.replace(/^[-@:+!|]+/, "").replace(/^.*\//, "");
}
