// The flags of a command line that are known: nothing else of it is kept, because it can hold tokens. Pure.

import { type GivenSetting, passedFlag, type SettingKind, toSetting } from "./program-settings.ts";
import { splitWords, type Word } from "./word.ts";

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
export function readFlags(words: readonly Word[], { kinds, short = {} }: KnownFlags): readonly GivenSetting[] {
  const found: GivenSetting[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    const [, written = "", value] = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(word?.text ?? "") ?? [];
    const name = short[written] ?? written.replaceAll("_", "-");
    const kind = kinds[name];
    if (word === undefined || kind === undefined) continue;
    if (value !== undefined) found.push({ name, values: [{ ...toSetting(word), value }] });
    else if (kind === "switch") found.push({ name, values: [{ ...toSetting(word), value: "true" }] });
    else {
      const next = words[at + 1];
      if (next === undefined) continue;
      found.push({ name, values: [toSetting(next)] });
      at += 1;
    }
  }
  return found.flatMap((given) => withKnownValues(given, kinds[given.name]));
}

/** Of what is handed on, only flags that are known. */
export function withKnownValues(given: GivenSetting, kind: SettingKind | undefined): readonly GivenSetting[] {
  if (kind !== "flags") return [given];
  const values = given.values.filter(({ value }) => passedOn.has(passedFlag(value)?.name ?? ""));
  const [first] = given.values;
  const place = first === undefined ? {} : { place: { file: first.file, line: first.line } };
  return [{ ...given, values, ...place }];
}

/** Shells, whose arguments are command lines. */
const shell = /^(?:ba|da|a|k|z)?sh$/;

/** The words behind the program of that name, also in `sh -c '…'`; undefined where none starts it. */
export function wordsAfter(words: readonly Word[], isProgram: (name: string) => boolean): readonly Word[] | undefined {
  const at = words.findIndex(({ text }) => isProgram(programName(text)));
  if (at >= 0) return words.slice(at + 1);
  if (!words.some(({ text }) => shell.test(programName(text)))) return undefined;
  const inner = words.flatMap((word) => (/\s/.test(word.text) ? splitWords(word) : [word]));
  const innerAt = inner.findIndex(({ text }) => isProgram(programName(text)));
  return innerAt < 0 ? undefined : inner.slice(innerAt + 1);
}

/** The last part of a path, without the marks systemd takes before it. */
function programName(text: string): string {
  return text.replace(/^[-@:+!|]+/, "").replace(/^.*\//, "");
}
