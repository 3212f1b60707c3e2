// What a program of the node was told, as the program itself would have it: by a setting's long name, each value with its place, and
// what another place overrode. Pure.

import { tryParsePrefix } from "../cidr/prefix.ts";
import type { Place, Word } from "./word.ts";

/** A value, in force or not, and its place. */
export interface Setting extends Place {
  readonly value: string;
}

/** A value that does not count, and the one that does. */
export interface Overridden {
  readonly name: string;
  readonly setting: Setting;
  readonly by: Place;
}

/**
 * How a setting's values come together: of a `text` the last counts, a `switch` is a text that is `true` where no value is written, a
 * `list` adds up, of `flags` (`name=value`, handed on to another program) the last of a name counts.
 */
export type SettingKind = "text" | "switch" | "list" | "flags";

/** What one place says of one setting. */
export interface GivenSetting {
  readonly name: string;
  readonly values: readonly Setting[];
  /** What becomes of the list so far: it goes, it stays, or only ranges of the families that are told stay away. @default "replace" */
  readonly onto?: "replace" | "add" | "family";
  /** Where it is told, for values that replace others and are not kept themselves. */
  readonly place?: Place;
}

export function toSetting({ text, file, line }: Word): Setting {
  return { value: text, file, line };
}

/** What Go's strconv.ParseBool and YAML take for true. @public */
export function isTrue(setting: Setting | undefined): boolean {
  return setting !== undefined && /^(?:1|t|true|y|yes|on)$/i.test(setting.value);
}

/** The settings of one program. */
export class Settings {
  readonly overridden: readonly Overridden[];
  readonly #inForce: ReadonlyMap<string, readonly Setting[]>;

  /** @param told from the weakest place to the strongest */
  constructor(given: readonly GivenSetting[], kinds: Readonly<Record<string, SettingKind>>) {
    const overridden: Overridden[] = [];
    const inForce = new Map<string, readonly Setting[]>();
    for (const next of given) {
      const { name, values } = next;
      const kind = kinds[name];
      if (kind === undefined) continue;
      const stays: Setting[] = [];
      for (const setting of inForce.get(name) ?? []) {
        const by = replacing(setting, next, kind);
        if (by === undefined) stays.push(setting);
        else overridden.push({ name, setting, by });
      }
      inForce.set(name, [...stays, ...values]);
    }
    this.#inForce = inForce;
    this.overridden = overridden;
  }

  /** The names of all settings in force. */
  get names(): readonly string[] {
    return [...this.#inForce.keys()];
  }

  /** The values in force of a setting, by its long name: at most one unless it is a list. Set and empty is a value. */
  all(name: string): readonly Setting[] {
    return this.#inForce.get(name) ?? [];
  }

  /** The last of them. */
  one(name: string): Setting | undefined {
    return this.all(name).at(-1);
  }

  /** A flag handed on to another program: `passedOn("kubelet-arg", "hostname-override")`. @public */
  passedOn(list: string, flag: string): Setting | undefined {
    const found = this.all(list).findLast(({ value }) => passedFlag(value)?.name === flag);
    return found === undefined ? undefined : { ...found, value: passedFlag(found.value)?.value ?? "" };
  }
}

/** What of `next` takes the place of a value so far. */
function replacing(
  old: Setting,
  { values, place, onto = "replace" }: GivenSetting,
  kind: SettingKind,
): Place | undefined {
  if (onto === "replace" || kind === "text" || kind === "switch") return values[0] ?? place ?? old;
  if (kind === "flags") return values.find((value) => isSameFlag(old, value));
  return onto === "family" ? values.find((value) => isSameFamily(old, value)) : undefined;
}

function isSameFlag(a: Setting, b: Setting): boolean {
  return passedFlag(a.value)?.name === passedFlag(b.value)?.name;
}

function isSameFamily(a: Setting, b: Setting): boolean {
  return tryParsePrefix(a.value)?.family === tryParsePrefix(b.value)?.family;
}

/** `name=value`, with dashes before it or without; k3s takes `name+=value` and `name-=value` too, which add to a value of its own. */
export function passedFlag(text: string): { readonly name: string; readonly value: string } | undefined {
  const [, name, value = "true"] = /^(?:--)?([\w-]*\w)[+-]?(?:=(.*))?$/s.exec(text.trim()) ?? [];
  return name === undefined ? undefined : { name: name.replaceAll("_", "-"), value };
}
